import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { clipLogMel } from '../../src/audio/clipLogMel.js';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { readAudio } from '../../src/audio/readAudio.js';
import { type BuildFeatureStoreOptions, buildFeatureStore } from '../../src/data/buildFeatureStore.js';
import { FeatureStore } from '../../src/data/FeatureStore.js';
import { inspectClip } from '../../src/data/inspectClip.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { parseCsv } from '../../src/util/csv.js';
import { processStart } from '../../src/util/processStart.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { folderWith, tone } from './syntheticData.js';

const frontEnd = resolveFrontEnd({ preset: 'acl', nMels: 8, minSeconds: 0.2 });

/** Twelve tones, one of them broken. */
async function recordings(): Promise<string> {
  const files = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`${String(i).padStart(2, '0')}.wav`, tone(300 + 200 * i, 0.2 + 0.05 * ((i * 7) % 12))]),
  );
  return folderWith({ ...files, '05.wav': 'this is no audio', 'odd, "name".wav': tone(700) });
}

/** With one worker unless told otherwise: the start of one takes longer than its work. */
async function build(dir: string, out: string, more: Partial<BuildFeatureStoreOptions> = {}) {
  return buildFeatureStore({ dataset: await loadDataset(dir), frontEnd, out, numWorkers: 1, ...more });
}

/** Every file of a store with its bytes. */
async function contents(store: string): Promise<Map<string, string>> {
  const names = (await readdir(store)).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, (await readFile(join(store, name))).toString('base64')] as const)));
}

/** Stops a build after some clips, as a signal would. */
async function buildStopped(dir: string, out: string, after: number): Promise<void> {
  const controller = new AbortController();
  const stopped = build(dir, out, {
    numWorkers: 2,
    signal: controller.signal,
    onProgress: ({ done }) => done >= after && controller.abort(new Error('stopped')),
  });
  await expect(stopped).rejects.toThrow('stopped');
}

describe('buildFeatureStore', () => {
  it('refuses a file where the store is to stand', async () => {
    const dir = await recordings();
    await expect(build(dir, join(dir, '00.wav'))).rejects.toThrow(
      /00\.wav must be a feature store or not exist, got a file; pass another `out`$/,
    );
  });

  it('stores what the front end makes of every clip, and lists the broken ones', async () => {
    const dir = await recordings();
    const out = await folderWith();
    const progress: number[] = [];
    const summary = await build(dir, out, { numWorkers: 2, onProgress: ({ done, total }) => progress.push(done / total) });
    expect(summary).toMatchObject({ status: 'built', numClips: 12, warnings: [] });
    expect(summary.rejected.map(({ id }) => id)).toEqual(['05.wav']);
    expect(progress).toEqual(Array.from({ length: 14 }, (_, i) => i / 13));

    const store = await FeatureStore.open(out);
    expect(store.clips).toHaveLength(12);
    for (const [i, clip] of store.clips.entries()) {
      const { data, numFrames } = clipLogMel(await readAudio(join(dir, clip.id)), frontEnd);
      expect(clip.numFrames).toBe(numFrames);
      expect([...(await store.readPatches([{ clip: i, start: 0 }], numFrames))]).toEqual([...data]);
    }
    await store.close();
    const rejected = parseCsv(await readFile(join(out, 'rejected.csv'), 'utf8'), 'rejected.csv').rows;
    expect(rejected).toHaveLength(1);
    expect(rejected[0].reason).toMatch(/05\.wav/);
    expect((await readdir(out)).sort()).toEqual(['clips.csv', 'logmel.npy', 'rejected.csv', 'stats.npy', 'store.json']);
    expect((await readFile(join(out, 'clips.csv'), 'utf8')).split('\n')[0]).toBe(
      'id,path,label,split,fold,group,isVerified,isNoisySmall,firstFrame,numFrames,numSamples,sampleRate,sourceBytes,sourceMtimeMs,contentHash',
    );
  });

  it('keeps the content of each clip, which copies share, and opens stores of version 1, which did not', async () => {
    const dir = await folderWith({ 'a.wav': tone(500), 'copy/b.wav': tone(500), 'c.wav': tone(501) });
    const out = join(await folderWith(), 'store');
    await build(dir, out);
    const store = await FeatureStore.open(out);
    await store.close();
    const [a, c, b] = store.clips.map(({ contentHash }) => contentHash);
    expect(a).toMatch(/^[0-9a-f]{64}$/);
    expect(b).toBe(a);
    expect(c).not.toBe(a);
    const checked = await inspectClip(join(dir, 'a.wav'), { salvage: false, hasDescriptors: false });
    expect(checked.contentHash).toBe(a);

    const rows = (await readFile(join(out, 'clips.csv'), 'utf8')).trimEnd().split('\n');
    await writeFile(join(out, 'clips.csv'), rows.map((row) => `${row.slice(0, row.lastIndexOf(','))}\n`).join(''));
    await writeFile(
      join(out, 'store.json'),
      (await readFile(join(out, 'store.json'), 'utf8')).replace('"schemaVersion": 2', '"schemaVersion": 1'),
    );
    const old = await FeatureStore.open(out);
    await old.close();
    expect(old.clips.map(({ contentHash }) => contentHash)).toEqual([undefined, undefined, undefined]);
    expect((await build(dir, out)).status).toBe('relabelled');
    expect((await build(dir, out)).status).toBe('reused');
  });

  it('makes the same bits with one worker and with three', async () => {
    const dir = await recordings();
    const [one, three] = [await folderWith(), await folderWith()];
    await build(dir, one, { numWorkers: 1 });
    await build(dir, three, { numWorkers: 3 });
    expect(await contents(three)).toEqual(await contents(one));
  });

  it('goes on where it was stopped, to the same bits', async () => {
    const dir = await recordings();
    const whole = await folderWith();
    await build(dir, whole);
    const expected = await contents(whole);
    const base = await folderWith();
    for (const after of [1, 6, 9]) {
      const out = join(base, `store${after}`);
      await buildStopped(dir, out, after);
      expect(existsSync(out)).toBe(false);
      await expect(FeatureStore.open(out)).rejects.toThrow(/not complete; run audiossl features again/);
      const done: number[] = [];
      const summary = await build(dir, out, { numWorkers: 2, onProgress: (progress) => done.push(progress.done) });
      expect(summary.status).toBe('resumed');
      expect(done[0]).toBeGreaterThanOrEqual(after);
      expect(await contents(out)).toEqual(expected);
    }
  });

  describe('after a kill in the middle of a write', () => {
    let base: string;
    let expected: Map<string, string>;
    beforeAll(async () => {
      base = temporaryFolder();
      await cp(await recordings(), join(base, 'data'), { recursive: true });
      await build(join(base, 'data'), join(base, 'whole'));
      expected = await contents(join(base, 'whole'));
      await buildStopped(join(base, 'data'), join(base, 'stopped'), 6);
    });

    it.each<[string, (partial: string) => Promise<unknown>]>([
      ['a torn journal line', (partial) => appendFile(join(partial, 'journal.jsonl'), '{"id":"07.wav","writt')],
      ['values without a journal line', (partial) => appendFile(join(partial, 'logmel.npy'), Buffer.alloc(1_000_001, 77))],
      ['a journal line without all its values', (partial) => truncate(join(partial, 'logmel.npy'), 128 + 8 * 4 * 40)],
      ['sums that were cut off', (partial) => truncate(join(partial, 'stats.npy'), 128 + 2 * 8 * 8 + 5)],
      ['an empty journal', (partial) => truncate(join(partial, 'journal.jsonl'), 0)],
      [
        'a journal with zeros in the middle',
        async (partial) => {
          const path = join(partial, 'journal.jsonl');
          const lines = (await readFile(path, 'utf8')).split('\n');
          lines[2] = '\0'.repeat(80);
          await writeFile(path, lines.join('\n'));
        },
      ],
      ['lost arrays', (partial) => rm(join(partial, 'logmel.npy'))],
    ])('is not misled by %s', async (name, spoil) => {
      const out = join(base, name.replaceAll(' ', '-'));
      await cp(join(base, 'stopped.partial'), `${out}.partial`, { recursive: true });
      await spoil(`${out}.partial`);
      await build(join(base, 'data'), out);
      expect(await contents(out)).toEqual(expected);
    });
  });

  it('survives SIGKILL', async () => {
    const dir = await recordings();
    const [whole, out] = [join(await folderWith(), 'store'), join(await folderWith(), 'store')];
    await build(dir, whole);
    const script = `
      const { buildFeatureStore } = await import(${JSON.stringify(new URL('../../dist/data/buildFeatureStore.js', import.meta.url).href)});
      const options = JSON.parse(process.argv[1]);
      await buildFeatureStore({ ...options, numWorkers: 1, onProgress: ({ done }) => { if (done === 4) process.kill(process.pid, 'SIGKILL'); } });`;
    const argument = JSON.stringify({ dataset: await loadDataset(dir), frontEnd, out });
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', script, argument]).signal).toBe('SIGKILL');
    expect((await build(dir, out)).status).toBe('resumed');
    expect(await contents(out)).toEqual(await contents(whole));
  });

  it('starts anew from the first clip that changed while it was stopped, and for another front end', async () => {
    const dir = await recordings();
    const [whole, base] = [await folderWith(), await folderWith()];
    const out = join(base, 'store');
    await buildStopped(dir, out, 6);
    await writeFile(join(dir, '02.wav'), tone(5000, 0.8));
    const done: number[] = [];
    await build(dir, out, { onProgress: (progress) => done.push(progress.done) });
    expect(done[0]).toBe(2);
    await build(dir, whole);
    expect(await contents(out)).toEqual(await contents(whole));

    const other = join(base, 'other');
    await buildStopped(dir, other, 6);
    const summary = await build(dir, other, { frontEnd: { ...frontEnd, nMels: 9 } });
    expect(summary.status).toBe('built');
  });

  it('reuses a store of the same files, follows new labels, and refuses or rebuilds anything else', async () => {
    const dir = await recordings();
    const base = await folderWith();
    const out = join(base, 'store');
    await build(dir, out);
    const before = await contents(out);
    expect((await build(dir, out)).status).toBe('reused');
    expect(await contents(out)).toEqual(before);

    await expect(build(dir, out, { frontEnd: { ...frontEnd, hopLength: 110 } })).rejects.toThrow(
      /is another feature store: its front end differs .*hopLength 220 \/ 110; pass `rebuild`/,
    );
    await expect(build(dir, out, { dtype: 'float16' })).rejects.toThrow(/its values are float32, asked for float16/);
    await expect(build(dir, out, { salvage: true })).rejects.toThrow(/without `salvage`/);

    const dataset = await loadDataset(dir);
    dataset.clips[0].label = 'tone';
    dataset.clips[0].split = 'test';
    dataset.classNames = ['tone'];
    expect((await buildFeatureStore({ dataset, frontEnd, out })).status).toBe('relabelled');
    const store = await FeatureStore.open(out);
    expect([store.clips[0].label, store.clips[0].labelIndex, store.clips[0].split, store.classNames]).toEqual([
      'tone',
      0,
      'test',
      ['tone'],
    ]);
    await store.close();
    expect((await contents(out)).get('logmel.npy')).toBe(before.get('logmel.npy'));

    await utimes(join(dir, '03.wav'), 1e9, 1e9);
    await expect(build(dir, out)).rejects.toThrow(/03\.wav changed since it was made/);
    await rm(join(dir, '03.wav'));
    await expect(build(dir, out)).rejects.toThrow(/1 of its recordings are no longer in .*03\.wav/);
    await writeFile(join(dir, '99.wav'), tone(100));
    await expect(build(dir, out)).rejects.toThrow(/99\.wav is not in it/);
    const rebuilt = await build(dir, out, { rebuild: true });
    expect([rebuilt.status, rebuilt.numClips]).toEqual(['built', 12]);
    expect(await readdir(base)).toEqual(['store']);
  });

  it('knows recordings again whose names a bad unpacking has left a U+FFFD in, usable and broken ones', async () => {
    const dir = await folderWith({ 'caf\uFFFD.wav': tone(500), 'na\uFFFDve.wav': 'no audio', 'plain.wav': tone(700) });
    const out = join(await folderWith(), 'store');
    expect(await build(dir, out)).toMatchObject({ status: 'built', numClips: 2 });
    expect((await build(dir, out)).status).toBe('reused');
    const store = await FeatureStore.open(out);
    expect(store.clips.map(({ id }) => id)).toEqual(['caf\uFFFD.wav', 'plain.wav']);
    await store.close();
  });

  it('stops at a broken file when asked to, and tries it again after it was mended', async () => {
    const dir = await recordings();
    const out = join(await folderWith(), 'store');
    await expect(build(dir, out, { onError: 'fail' })).rejects.toThrow(/05\.wav: .*; mend or delete the file, or pass `onError` skip/);
    await writeFile(join(dir, '05.wav'), tone(1300));
    const summary = await build(dir, out, { onError: 'fail' });
    expect([summary.status, summary.numClips, summary.rejected]).toEqual(['resumed', 13, []]);
  });

  it('does not take over what an earlier run skipped when told to stop at broken files', async () => {
    const dir = await recordings();
    const out = join(await folderWith(), 'store');
    await buildStopped(dir, out, 8);
    await expect(build(dir, out, { onError: 'fail' })).rejects.toThrow(/05\.wav: /);
    await build(dir, out);
    await expect(build(dir, out, { onError: 'fail' })).rejects.toThrow(/05\.wav: /);
  });

  it('names a csv row without a file among the rejected', async () => {
    const dir = await folderWith({ 'labels.csv': 'fname,label\na.wav,x\nb.wav,y\n', 'b.wav': tone(500) });
    const summary = await build(dir, join(dir, 'store'));
    expect(summary.numClips).toBe(1);
    expect(summary.rejected[0].id).toBe('a.wav');
    expect((await build(dir, join(dir, 'store'))).status).toBe('reused');
    await writeFile(join(dir, 'a.wav'), tone(600));
    await expect(build(dir, join(dir, 'store'))).rejects.toThrow(/a\.wav changed/);
  });

  it('never touches a folder that is no store, and never makes an empty one', async () => {
    const dir = await recordings();
    const other = await folderWith({ 'thesis.tex': 'years of work' });
    await expect(build(dir, other, { rebuild: true })).rejects.toThrow(/must be a feature store or not exist/);
    expect(await readdir(other)).toEqual(['thesis.tex']);
    const broken = await folderWith({ 'a.wav': 'no audio', 'b.wav': '' });
    await expect(build(broken, join(broken, 'store'))).rejects.toThrow(/none of 2 recordings could be used; the first, a\.wav/);
  });

  it('lets one process build at a time, and takes over the lock of a dead one', async () => {
    const dir = await recordings();
    const base = await folderWith();
    const out = join(base, 'store');
    await mkdir(`${out}.partial`);
    await writeFile(join(`${out}.partial`, 'lock'), String(process.ppid));
    await expect(build(dir, out)).rejects.toThrow(new RegExp(`is being built by process ${process.ppid}`));
    // On a shared disk: whether the process lives cannot be asked from here.
    await writeFile(join(`${out}.partial`, 'lock'), '4194304\n\nanother-node\n');
    await expect(build(dir, out)).rejects.toThrow(/by process 4194304 of the machine another-node, .* delete .*\/lock and run again$/);
    // The number lives again, as another process than the one that wrote the lock.
    if (processStart(process.ppid) !== undefined) await writeFile(join(`${out}.partial`, 'lock'), `${process.ppid}\nanother-start 1\n`);
    else await writeFile(join(`${out}.partial`, 'lock'), '4194304');
    expect((await build(dir, out)).status).toBe('built');
    await rm(out, { recursive: true });
    await mkdir(`${out}.partial`, { recursive: true });
    await writeFile(join(`${out}.partial`, 'lock'), '4194304');
    expect((await build(dir, out)).numClips).toBe(12);
  });
});
