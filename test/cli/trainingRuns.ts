import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url));

/** Config keys of a network and patches so small that an epoch takes no time. */
export const tinySettings = ['encoder.name=vgg', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=16'];

export interface Line {
  kind: string;
  step: number;
  [key: string]: unknown;
}

export function readLog(run: string): Line[] {
  const path = join(run, 'log.jsonl');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** What must repeat bit for bit: everything of steps, epochs and looks but the clock. */
export function curve(run: string): Line[] {
  return readLog(run)
    .filter(({ kind }) => ['step', 'epoch', 'monitor'].includes(kind))
    .map(({ time, seconds, patchesPerSecond, peakMebibytes, ...rest }) => rest as Line);
}

/** Starts a run and sends a signal as soon as its log has `steps` steps. */
export function interruptAfter(
  args: string[],
  run: string,
  steps: number,
  signal: NodeJS.Signals,
): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => {
    const child: ChildProcess = spawn(process.execPath, [main, ...args], { stdio: 'ignore' });
    let isSent = false;
    const poll = setInterval(() => {
      let done = 0;
      try {
        done = readLog(run).filter(({ kind }) => kind === 'step').length;
      } catch {
        // A line is being written.
      }
      if (done < steps || isSent) return;
      isSent = true;
      child.kill(signal);
    }, 5);
    child.on('exit', (code, by) => {
      clearInterval(poll);
      resolve({ code, signal: by });
    });
  });
}

/** The tensors of a safetensors file, without its header (which holds versions and times). */
export function tensorBytes(path: string): Buffer {
  const file = readFileSync(path);
  return file.subarray(8 + Number(file.readBigUInt64LE(0)));
}
