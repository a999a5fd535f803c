import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { buildFeatureStore } from '../../src/data/buildFeatureStore.js';
import { FeatureStore } from '../../src/data/FeatureStore.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { readNpy } from '../../src/util/npy.js';
import { Rng } from '../../src/util/rng.js';
import { folderWith, tone } from './syntheticData.js';

const frontEnd = resolveFrontEnd({ preset: 'acl', nMels: 8, minSeconds: 0.2 });

/** A store of five tones of different lengths. */
async function makeStore(dtype: 'float32' | 'float16' = 'float32'): Promise<string> {
  const dir = await folderWith({
    'a/1.wav': tone(300, 0.5),
    'a/2.wav': tone(900, 1.2),
    'b/3.wav': tone(2000, 0.2),
    'b/4.wav': tone(4000, 0.9),
    'b/5.wav': tone(5000, 2),
  });
  const dataset = await loadDataset(dir);
  await buildFeatureStore({ dataset, frontEnd, out: `${dir}/store`, dtype, numWorkers: 1 });
  return `${dir}/store`;
}

describe('FeatureStore', () => {
  it.each(['float32', 'float16'] as const)('reads any patches, in the order asked for: %s', async (dtype) => {
    const dir = await makeStore(dtype);
    const store = await FeatureStore.open(dir);
    const { data, shape } = await readNpy(join(dir, 'logmel.npy'));
    expect(shape).toEqual([store.totalFrames, 8]);
    expect(store.clips.map(({ id, label, labelIndex }) => [id, label, labelIndex])).toEqual([
      ['a/1.wav', 'a', 0],
      ['a/2.wav', 'a', 0],
      ['b/3.wav', 'b', 1],
      ['b/4.wav', 'b', 1],
      ['b/5.wav', 'b', 1],
    ]);
    const random = new Rng({ seed: 1, purpose: 'test' });
    for (const patchFrames of [1, 7, 20]) {
      const requests = Array.from({ length: 200 }, () => {
        const clip = random.integer(0, 5);
        return { clip, start: random.integer(0, store.clips[clip].numFrames - patchFrames + 1) };
      });
      const expected = requests.flatMap(({ clip, start }) => {
        const first = (store.clips[clip].firstFrame + start) * 8;
        return [...(data as Float32Array).subarray(first, first + patchFrames * 8)];
      });
      // Several calls at once, one of them into a buffer of the caller.
      const out = new Float32Array(expected.length + 3).fill(-1);
      const [fresh, given] = await Promise.all([store.readPatches(requests, patchFrames), store.readPatches(requests, patchFrames, out)]);
      expect([...fresh]).toEqual(expected);
      expect(given).toBe(out);
      expect([...given.subarray(0, expected.length)]).toEqual(expected);
      expect([...given.subarray(expected.length)]).toEqual([-1, -1, -1]);
    }
    expect(await store.readPatches([], 5)).toHaveLength(0);
    await store.close();
  });

  it('refuses patches outside their clip and buffers that are too small', async () => {
    const store = await FeatureStore.open(await makeStore());
    const { numFrames } = store.clips[0];
    await expect(store.readPatches([{ clip: 0, start: numFrames - 9 }], 10)).rejects.toThrow(
      /a\/1\.wav has \d+ frames, a patch of 10 cannot start at/,
    );
    await expect(store.readPatches([{ clip: 0, start: -1 }], 10)).rejects.toThrow(/cannot start at -1/);
    await expect(store.readPatches([{ clip: 0, start: 0.5 }], 10)).rejects.toThrow(/cannot start at 0.5/);
    await expect(store.readPatches([{ clip: 5, start: 0 }], 10)).rejects.toThrow(/index under 5, got 5/);
    await expect(store.readPatches([{ clip: 0, start: 0 }], 10, new Float32Array(79))).rejects.toThrow(/must hold 80 values, holds 79/);
    await store.close();
  });

  it.each(['float32', 'float16'] as const)('gives mean and population deviation of the chosen clips alone: %s', async (dtype) => {
    const dir = await makeStore(dtype);
    const store = await FeatureStore.open(dir);
    const { data } = await readNpy(join(dir, 'logmel.npy'));
    const rows = [1, 3].flatMap((i) => {
      const { firstFrame, numFrames } = store.clips[i];
      return Array.from({ length: numFrames }, (_, t) => [
        ...(data as Float32Array).subarray((firstFrame + t) * 8, (firstFrame + t + 1) * 8),
      ]);
    });
    const naive = (values: number[]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      return { mean, squares, count: values.length };
    };
    const all = naive(rows.flat());
    const global = await store.statistics([1, 3]);
    // Double precision all the way; the sums cancel at most three digits.
    expect(global.mean).toBeAllClose([all.mean], { rtol: 1e-12 });
    expect(global.standardDeviation).toBeAllClose([Math.sqrt(all.squares / all.count)], { rtol: 1e-12 });
    const authors = await store.statistics([1, 3], { compat: { standardDeviation: true } });
    expect(authors.standardDeviation).toBeAllClose([Math.sqrt(all.squares) / all.count], { rtol: 1e-12 });
    const bands = Array.from({ length: 8 }, (_, band) => naive(rows.map((row) => row[band])));
    const perBand = await store.statistics(Uint32Array.of(3, 1), { standardisation: 'perBand' });
    expect(perBand.mean).toBeAllClose(
      bands.map(({ mean }) => mean),
      { rtol: 1e-10 },
    );
    expect(perBand.standardDeviation).toBeAllClose(
      bands.map(({ squares, count }) => Math.sqrt(squares / count)),
      { rtol: 1e-8 },
    );
    await expect(store.statistics([])).rejects.toThrow(/at least one clip/);
    await expect(store.statistics([5])).rejects.toThrow(/index under 5/);
    await store.close();
  });

  it('refuses a store whose files do not fit together, naming the file', async () => {
    const dir = await makeStore();
    const spoil = async (name: string, change: (path: string) => Promise<unknown>, message: RegExp) => {
      const path = join(dir, name);
      const before = await readFile(path);
      await change(path);
      await expect(FeatureStore.open(dir)).rejects.toThrow(message);
      await writeFile(path, before);
    };
    const edit = (from: string | RegExp, to: string) => async (path: string) =>
      writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
    const { size } = await stat(join(dir, 'logmel.npy'));
    await spoil('logmel.npy', (path) => truncate(path, size - 4), /logmel\.npy: shape .* needs \d+ bytes, the file has/);
    await spoil('logmel.npy', (path) => truncate(path, 60), /logmel\.npy/);
    await spoil('stats.npy', (path) => truncate(path, 500), /stats\.npy/);
    await spoil('clips.csv', edit(/\nb\/5.*\n/, '\n'), /clips\.csv: 5 clips are needed, got 4/);
    await spoil('clips.csv', edit('a/2.wav', 'a/1.wav'), /clips\.csv: clip a\/1\.wav stands there twice/);
    await spoil('clips.csv', edit(/,0,51,/, ',0,52,'), /clips\.csv: clip a\/2\.wav must start at frame 52, got 51/);
    await spoil('clips.csv', edit(/,0,51,/, ',0,x,'), /clips\.csv: clip a\/1\.wav: numFrames must be a count, got "x"/);
    await spoil('clips.csv', edit('id,path,label', 'id,label,path'), /clips\.csv: the columns must be/);
    await spoil('clips.csv', edit('1.wav,a,', '1.wav,zebra,'), /clips\.csv: .* label "zebra" is not among the classes/);
    await spoil('store.json', edit('"hopLength": 220', '"hopLength": 221'), /store\.json: the front end must have the hash/);
    await spoil('store.json', edit('"schemaVersion": 2', '"schemaVersion": 3'), /store\.json: schemaVersion/);
    await spoil('store.json', edit('{', '{{'), /store\.json/);
    await (await FeatureStore.open(dir)).close();
    await expect(FeatureStore.open(`${dir}/none`)).rejects.toThrow(/no such folder; make one with audiossl features/);
  });
});
