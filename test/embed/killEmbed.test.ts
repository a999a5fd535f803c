import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { embedToFile } from '../../src/embed/embedToFile.js';
import type { EmbeddingFormat } from '../../src/embed/writeEmbeddings.js';
import { loadModel } from '../../src/model/loadModel.js';
import { Rng } from '../../src/util/rng.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';

// More than a look: AUDIOSSL_KILLS=20 AUDIOSSL_KILL_CLIPS=10000 AUDIOSSL_KILL_FORMATS=npz,npy,parquet,csv
const numKills = Number(process.env.AUDIOSSL_KILLS ?? 2);
const numClips = Number(process.env.AUDIOSSL_KILL_CLIPS ?? 700);
const formats = (process.env.AUDIOSSL_KILL_FORMATS ?? 'npz').split(',') as EmbeddingFormat[];

const main = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url));
const folder = temporaryFolder();
const audio = join(folder, 'audio');
const clips = Array.from({ length: numClips }, (_, i) => `${String(i).padStart(6, '0')}.wav`);
let model: string;

/** Sets the times of all clips back: a system that keeps times of access then writes down the next one. */
const lookAway = () => {
  for (const clip of clips) utimesSync(join(audio, clip), 86_400, 1_000_000);
};
/** Clips that were read since; none where the system keeps no such times. */
const clipsRead = () => clips.filter((clip) => statSync(join(audio, clip)).atimeMs > 1e12);

beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
  mkdirSync(audio);
  // One patch each, so that as many clips as can be are on their way.
  const frontEnd = { ...toneFrontEnd, minSeconds: 0.32 };
  for (const [i, clip] of clips.entries()) writeFileSync(join(audio, clip), tone(200 + 7 * (i % 1000), 0.32));
  const encoder = { name: 'logMelStatistics' as const };
  model = await saveSmallModel(folder, { frontEnd, encoder, patchFrames: 33 });
});

/** Runs `embed`, for so many milliseconds at most; its summary, or undefined when it was killed. */
async function embed(out: string, killAfterMs?: number): Promise<{ numResumed: number; numEmbedded: number } | undefined> {
  const args = [main, 'embed', '--model', model, '--in', audio, '--out', out, '--backend', 'wasm', '--workers', '2', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, failed] = ['', ''];
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (failed += text));
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  if (signal === 'SIGKILL') return undefined;
  expect(code, failed).toBe(0);
  return JSON.parse(said);
}

/** Recordings that the partial output has whole. */
function complete(out: string): string[] {
  const journal = join(`${out}.partial`, 'journal.jsonl');
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, 'utf8').split('\n').slice(1, -1);
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
}

describe.each(formats)('embed killed at random moments, %s', (format) => {
  it('gives the file of an undisturbed run, leaves nothing, and repeats 256 clips at most, none that was complete', async () => {
    const dir = join(folder, format);
    mkdirSync(dir);
    const out = join(dir, `rows.${format}`);
    const content = () => new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]));
    const begin = performance.now();
    expect(await embed(out)).toMatchObject({ numResumed: 0, numEmbedded: numClips });
    const ms = performance.now() - begin;
    const undisturbed = content();
    const clear = () => {
      for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true });
    };
    clear();
    const rng = new Rng({ seed: Number(process.env.AUDIOSSL_KILL_SEED ?? 0), epoch: 0, clip: 0, view: 0, purpose: 'kill' });
    let done: string[] = [];
    for (let kill = 0; kill < numKills; kill++) {
      lookAway();
      const end = await embed(out, rng.uniform(0.1, 1) * ms);
      const before = new Set(done);
      const read = clipsRead();
      expect(read.filter((clip) => before.has(clip))).toEqual([]);
      // Killed when its work was done and its process not yet over: what stands there is whole.
      if (end !== undefined || (existsSync(out) && !existsSync(`${out}.partial`))) {
        if (end !== undefined) expect(end.numResumed).toBe(before.size);
        expect(content()).toEqual(undisturbed);
        clear();
        done = [];
        continue;
      }
      done = complete(out);
      // What was complete is so still; what was read and is not complete will be read again.
      expect(done.slice(0, before.size)).toEqual([...before]);
      expect(read.length - (done.length - before.size)).toBeLessThanOrEqual(256);
    }
    expect(await embed(out)).toMatchObject({ numResumed: done.length, numEmbedded: numClips });
    expect(content()).toEqual(undisturbed);
  }, 3_600_000);
});

it('however many workers decode, 256 clips are read at most before they are embedded', async (context) => {
  const loaded = await loadModel(model);
  lookAway();
  readFileSync(join(audio, clips[0]));
  if (clipsRead().length === 0) context.skip('needs a file system that keeps times of access');
  lookAway();
  const stopped = {
    ...loaded,
    embedPatches() {
      // The workers go on meanwhile, as far as they may: until they read no more.
      for (let [last, same] = [-1, 0]; same < 4; ) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
        const now = clipsRead().length;
        same = now === last ? same + 1 : 0;
        last = now;
      }
      throw new Error('stopped here');
    },
  };
  const recordings = clips.map((id) => ({ id, path: join(audio, id) }));
  const out = join(folder, 'never.npz');
  await expect(embedToFile({ model: stopped, recordings, out, format: 'npz', numWorkers: 4 })).rejects.toThrow('stopped here');
  expect(clipsRead().length).toBeGreaterThan(0);
  expect(clipsRead().length).toBeLessThanOrEqual(256);
  expect(existsSync(`${out}.partial`)).toBe(false);
  loaded.dispose();
});
