import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readNpz, writeNpz } from '../../src/util/npz.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { hasPython, runPython } from './python.js';

const folder = temporaryFolder();
const embedding = { data: Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i)), shape: [1000, 3] };
const entries = {
  embedding,
  timestamps: { data: Float64Array.of(502.5, 1001.25), shape: [2] },
  clip: { data: ['a.wav', 'ü/b.wav'], shape: [2] },
  meta: { data: ['{"version":"1"}'], shape: [] },
};

async function* halves(data: Float32Array): AsyncIterable<Uint8Array> {
  const bytes = new Uint8Array(data.buffer);
  yield bytes.subarray(0, 5001);
  yield bytes.subarray(5001);
}

describe('npz', () => {
  test.each([false, true])('what is written is read back (deflated: %s)', async (compress) => {
    const path = join(folder, `round-${compress}.npz`);
    await writeNpz(path, entries, { compress });
    expect(await readNpz(path)).toEqual(new Map(Object.entries(entries)));
  });

  test('texts by the thousand, longer than 16 bits of a character too, are those that went in, in the least width', async () => {
    const path = join(folder, 'texts.npz');
    const data = Array.from({ length: 9000 }, (_, i) => `${'\u{1f426}'.repeat(i % 3)}${i}.wav`);
    await writeNpz(path, { clip: { data, shape: [9000] } });
    expect(await readNpz(path)).toEqual(new Map([['clip', { data, shape: [9000] }]]));
    expect((await readFile(path)).toString('latin1')).toContain("'<U10'");
    await expect(writeNpz(path, { clip: { data, shape: [8999] } })).rejects.toThrow(/does not fit 9000 values/);
  });

  test('values in pieces give the same bytes as values in memory, and the same content the same file', async () => {
    const [whole, streamed] = [join(folder, 'whole.npz'), join(folder, 'streamed.npz')];
    await writeNpz(whole, { embedding });
    await writeNpz(streamed, { embedding: { dtype: 'float32', shape: [1000, 3], chunks: halves(embedding.data) } });
    expect(await readFile(streamed)).toEqual(await readFile(whole));
  });

  test.skipIf(!hasPython('numpy')).each([false, true])('numpy reads it without pickle (deflated: %s)', async (compress) => {
    const path = join(folder, `numpy-${compress}.npz`);
    await writeNpz(path, { ...entries, streamed: { dtype: 'float32', shape: [3, 1000], chunks: halves(embedding.data) } }, { compress });
    const script = `import sys, json, numpy as np
z = np.load(sys.argv[1], allow_pickle=False)
print(json.dumps([sorted(z.files), z['embedding'].shape, str(z['embedding'].dtype), float(z['embedding'].astype(float).sum()),
  float(z['streamed'].astype(float).sum()), z['timestamps'].tolist(), z['clip'].tolist(), json.loads(str(z['meta']))]))`;
    const sum = embedding.data.reduce((a, b) => a + b, 0);
    const [names, shape, dtype, wholeSum, streamedSum, ...rest] = runPython(script, path) as [string[], number[], string, number, number];
    expect([names, shape, dtype]).toEqual([['clip', 'embedding', 'meta', 'streamed', 'timestamps'], [1000, 3], 'float32']);
    expect([wholeSum, streamedSum]).toBeAllClose([sum, sum], { rtol: 1e-12 });
    expect(rest).toEqual([[502.5, 1001.25], ['a.wav', 'ü/b.wav'], { version: '1' }]);
  });

  test('over 4 GiB is refused before anything is written', async () => {
    const big = { dtype: 'float32' as const, shape: [2_200_000, 512], chunks: halves(embedding.data) };
    await expect(writeNpz(join(folder, 'big.npz'), { big })).rejects.toThrow(/at most 4 GiB, the arrays need 4\.2 GiB; use `format` npy/);
    expect(readdirSync(folder).filter((name) => name.includes('big'))).toEqual([]);
  });

  test.each([2999, 3001])('a stream that is not as long as its shape is refused and leaves no file (%i)', async (rows) => {
    const wrong = { dtype: 'float32' as const, shape: [rows], chunks: halves(embedding.data) };
    await expect(writeNpz(join(folder, 'wrong.npz'), { wrong })).rejects.toThrow(/wrong must have \d+ bytes, got/);
    expect(readdirSync(folder).filter((name) => name.includes('wrong'))).toEqual([]);
  });

  test('broken archives and bombs are refused by name', async () => {
    const path = join(folder, 'broken.npz');
    await writeFile(path, 'not a zip');
    await expect(readNpz(path)).rejects.toThrow(/broken\.npz: not a readable npz file/);
    await writeNpz(path, { zeros: { data: new Uint8Array(1e6), shape: [1e6] } }, { compress: true });
    await expect(readNpz(path, { maxBytes: 1e5 })).rejects.toThrow(/unpacks to more than 100000 bytes/);
  });
});
