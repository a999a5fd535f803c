import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';

const folder = temporaryFolder();
const disk = join(folder, 'disk');
/** A file system in memory, seen by these processes alone: needs no root where users may have namespaces. */
const inNamespace = (command: string, ...args: string[]) =>
  spawnSync('unshare', ['--user', '--map-root-user', '--mount', command, ...args], { encoding: 'utf8' });
mkdirSync(disk);
const canMount = inNamespace('mount', '-t', 'tmpfs', 'tmpfs', disk).status === 0;

interface Step {
  code: number;
  /** Lines of standard error, without progress. */
  said: string[];
  /** What is on the disk then, with the sha256 of each file outside of folders that begin with a dot. */
  files: Record<string, string>;
}

/** Gives commands one after the other on a disk of so many KiB, each with another size; the disk keeps what is on it. */
function giveOnDisk(steps: { kibibytes: number; args: string[] }[], before: Record<string, string> = {}): Step[] {
  const dist = new URL('../../dist/', import.meta.url).href;
  const program = `
    import { spawnSync } from 'node:child_process';
    import { createHash } from 'node:crypto';
    import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
    import { join } from 'node:path';
    import { createProgram } from '${dist}cli/createProgram.js';
    import { reportError } from '${dist}cli/reportError.js';
    process.env.AUDIOSSL_NEXT = 'off';
    const disk = ${JSON.stringify(disk)};
    const mount = (options) => {
      const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
    };
    mount('size=64k');
    for (const [name, text] of Object.entries(${JSON.stringify(before)})) writeFileSync(join(disk, name), text);
    const results = [];
    for (const { kibibytes, args } of ${JSON.stringify(steps)}) {
      mount('remount,size=' + kibibytes + 'k');
      const said = [];
      const written = process.stderr.write;
      const printed = process.stdout.write;
      process.stderr.write = (text) => said.push(String(text)) > 0;
      process.stdout.write = () => true;
      let code = 0;
      try { await createProgram().parseAsync(['node', 'audiossl', ...args]); } catch (error) { code = reportError(error); }
      process.stderr.write = written;
      process.stdout.write = printed;
      const files = Object.fromEntries(readdirSync(disk, { recursive: true }).sort().flatMap((name) => {
        const path = join(disk, name);
        return statSync(path).isFile() ? [[name, createHash('sha256').update(readFileSync(path)).digest('hex')]] : [];
      }));
      results.push({ code, said: said.join('').split('\\n').filter((line) => line !== '' && !line.startsWith('Embedding: ')), files });
    }
    console.log(JSON.stringify(results));
    process.exit(0);`;
  const { stdout, stderr } = inNamespace(process.execPath, '--input-type=module', '-e', program);
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as Step[];
}

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');
const isFull = /^audiossl: the disk is full \(ENOSPC, write\); free some space and run the same command again/;
let model: string;
const recordings = join(folder, 'recordings');

beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
  mkdirSync(recordings);
  for (const [i, hertz] of [200, 700, 1900, 5000].entries()) writeFileSync(join(recordings, `${i}.wav`), tone(hertz, 3));
  model = await saveSmallModel(folder, { frontEnd: { ...toneFrontEnd } });
});

const reason = 'needs unshare of util-linux and user namespaces, to make a small disk';

describe('on a full disk', () => {
  it('embed says so in a line, leaves no half-written file, and goes on when there is room', (context) => {
    if (!canMount) return context.skip(reason);
    const args = (out: string) => ['embed', '--model', model, '--in', recordings, '--out', out, '--per', 'patch', '--batch-size', '8', '--workers', '1', '--backend', 'wasm']; // biome-ignore format: one line
    // 72 rows of 2 KiB: they do not fit, then they do and the file of them does not, then both.
    const [whole, out] = [join(folder, 'whole.npz'), join(disk, 'e.npz')];
    const [, inRows, inFile, then] = giveOnDisk(
      [
        { kibibytes: 64, args: args(whole) },
        { kibibytes: 64, args: args(out) },
        { kibibytes: 200, args: args(out) },
        { kibibytes: 400, args: args(out) },
      ],
      { 'other.txt': 'unharmed' },
    );
    for (const { code, said, files } of [inRows, inFile]) {
      expect({ code, said }).toEqual({ code: 1, said: [expect.stringMatching(isFull)] });
      const { 'other.txt': other, ...own } = files;
      expect(other).toBe(sha256('unharmed'));
      expect(Object.keys(own)).toEqual(['journal.jsonl', 'rows.f32', 'times.f64'].map((name) => `e.npz.partial/${name}`));
    }
    expect({ code: then.code, files: then.files }).toEqual({ code: 0, files: { 'e.npz': sha256(readFileSync(whole)), 'other.txt': sha256('unharmed') } }); // biome-ignore format: one line
  });

  it('export says so in a line and leaves nothing; what stood in its place stays', (context) => {
    if (!canMount) return context.skip(reason);
    const before = { 'model.onnx': 'an older one' };
    const args = (format: string, out: string) => ['export', '--model', model, '--format', format, '--out', join(disk, out)]; // biome-ignore format: one line
    const steps = [args('onnx', 'model.onnx'), args('python', 'package'), args('audiossl', 'small.safetensors')];
    const results = giveOnDisk(steps.map((step) => ({ kibibytes: 64, args: step })), before); // biome-ignore format: one line
    const old = sha256('an older one');
    for (const { code, said, files } of results)
      expect({ code, said, files }).toEqual({ code: 1, said: [expect.stringMatching(isFull)], files: { 'model.onnx': old } });
  });
});
