import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NPY_HEADER_BYTES, npyHeader, parseNpy, parseNpyHeader, readNpy, readNpyHeader, writeNpy } from '../../src/util/npy.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { hasPython, runPython } from './python.js';

const folder = temporaryFolder();

/** A header as any program may write it. */
function header(text: string, { version = 1, length = text.length + 1 } = {}): Uint8Array {
  const size = version === 1 ? [length & 255, length >> 8] : [length & 255, (length >> 8) & 255, (length >> 16) & 255, length >>> 24];
  return Uint8Array.of(0x93, ...Buffer.from('NUMPY'), version, 0, ...size, ...Buffer.from(`${text}\n`));
}
const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

describe('npy', () => {
  test('what is written is read back, whatever type and shape', async () => {
    const path = join(folder, 'round.npy');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(4), { maxLength: 4 }),
        fc.constantFrom(Float32Array, Float64Array, Int32Array, Uint32Array, Uint8Array),
        async (shape, Type) => {
          const data = new Type(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (37 * i + 5) % 256));
          await writeNpy(path, { data, shape });
          expect(await readNpy(path)).toEqual({ data, shape });
        },
      ),
      { numRuns: 50 },
    );
  });

  test('text of any script keeps its characters', async () => {
    const path = join(folder, 'text.npy');
    const data = ['Hi-hat', '', 'grüße/鐘.wav', '🎸'];
    await writeNpy(path, { data, shape: [4] });
    expect(await readNpy(path)).toEqual({ data, shape: [4] });
  });

  test('half precision is rounded and read as float32', async () => {
    const path = join(folder, 'half.npy');
    await writeNpy(path, { data: Float32Array.of(1 / 3, -2), shape: [2], float16: true });
    expect((await readFile(path)).length).toBe(NPY_HEADER_BYTES + 4);
    expect((await readNpy(path)).data).toEqual(Float32Array.of(1365 / 4096, -2));
  });

  test('the header can be rewritten when the number of rows is known', async () => {
    const path = join(folder, 'rows.npy');
    const handle = await open(path, 'w+');
    await handle.write(npyHeader({ dtype: 'float32', shape: [0, 2] }));
    await handle.write(new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer));
    await handle.write(npyHeader({ dtype: 'float32', shape: [3, 2] }), 0, NPY_HEADER_BYTES, 0);
    expect(await readNpyHeader(handle, path)).toEqual({ dtype: 'float32', shape: [3, 2], itemBytes: 4, dataOffset: NPY_HEADER_BYTES });
    await handle.close();
    expect((await readNpy(path)).data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(npyHeader({ dtype: 'float64', shape: [1_584_412_345, 96] })).toHaveLength(NPY_HEADER_BYTES);
  });

  test.skipIf(!hasPython('numpy'))('numpy reads our files and we read its', async () => {
    const ours = join(folder, 'ours.npy');
    const theirs = join(folder, 'theirs.npy');
    await writeNpy(ours, { data: Float64Array.of(1.5, -2, 1e300, 4, 5, 6), shape: [2, 3] });
    const script = `import sys, json, numpy as np
a = np.load(sys.argv[1], allow_pickle=False, mmap_mode='r')
np.save(sys.argv[2], (np.arange(12).reshape(3, 4) / 8).astype(np.float16))
print(json.dumps([str(a.dtype), a.shape, a.tolist()]))`;
    expect(runPython(script, ours, theirs)).toEqual([
      'float64',
      [2, 3],
      [
        [1.5, -2, 1e300],
        [4, 5, 6],
      ],
    ]);
    expect(await readNpy(theirs)).toEqual({ shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, i) => i / 8) });
  });

  test('versions 2 and 3 and other spacing are read', () => {
    for (const version of [1, 2, 3]) expect(parseNpyHeader(header(good, { version })).shape).toEqual([2, 3]);
    expect(parseNpyHeader(header("{ 'descr':'<U7','fortran_order':False,'shape':() }".replace('{ ', '{'))).itemBytes).toBe(28);
  });

  test.each([
    ['other magic', Buffer.from('RIFF0000WAVE'), /not an npy file/],
    ['cut in the magic', Uint8Array.of(0x93, 0x4e), /not an npy file/],
    ['version 9', header(good, { version: 9 }), /version must be 1, 2 or 3, got 9/],
    ['header beyond the file', header(good, { length: 5000 }), /says 5000 bytes, the file has/],
    ['gigantic header', header(good, { version: 2, length: 2 ** 31 - 1 }), /shorter than 65536/],
    ['pickled objects', header(good.replace('<f4', '|O')), /dtype must be one of .*got \|O/],
    ['big-endian', header(good.replace('<f4', '>f4')), /got >f4/],
    ['Fortran order', header(good.replace('False', 'True')), /C order/],
    ['code instead of a dictionary', header("__import__('os').system('true')"), /cannot read the header/],
    ['negative size', header(good.replace('2, 3', '-2, 3')), /cannot read the header/],
    ['sizes beyond exact integers', header(good.replace('2, 3', '9007199254740991, 3')), /impossible shape/],
  ])('refused: %s', (_name, bytes, message) => {
    expect(() => parseNpyHeader(Uint8Array.from(bytes), 'x.npy')).toThrow(message);
  });

  test('values missing or left over are refused with both sizes', async () => {
    const path = join(folder, 'short.npy');
    await writeFile(path, Buffer.concat([header(good), new Uint8Array(23)]));
    await expect(readNpy(path)).rejects.toThrow(/short\.npy: shape \[2,3\] float32 needs 94 bytes, the file has 93/);
    expect(() => parseNpy(Buffer.concat([header(good), new Uint8Array(25)]), 'long')).toThrow(/needs 94 bytes, the file has 95/);
  });
});
