import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadSafetensors, type SafetensorsTensor, saveSafetensors } from '../../src/util/safetensors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { hasPython, runPython } from './python.js';

const folder = temporaryFolder();

/** A file from any header text and any number of value bytes. */
async function file(json: string, dataBytes = 0, headerBytes = Buffer.byteLength(json)): Promise<string> {
  const path = join(folder, 'hostile.safetensors');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerBytes));
  await writeFile(path, Buffer.concat([length, Buffer.from(json), Buffer.alloc(dataBytes)]));
  return path;
}
const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32'): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const tensor = fc
  .tuple(fc.array(fc.nat(4), { maxLength: 4 }), fc.constantFrom('F32', 'F64', 'I32', 'U8', 'F16', 'I64'), fc.nat())
  .map(([shape, dtype, seed]): SafetensorsTensor => {
    const numbers = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (seed + 7 * i) % 251);
    const types = { F32: Float32Array, F64: Float64Array, I32: Int32Array, U8: Uint8Array, F16: Uint16Array };
    const data = dtype === 'I64' ? BigInt64Array.from(numbers, BigInt) : types[dtype as keyof typeof types].from(numbers);
    return { dtype: dtype as SafetensorsTensor['dtype'], shape, data };
  });

describe('safetensors', () => {
  test('what is saved is loaded, whatever names, types, shapes and metadata', async () => {
    const path = join(folder, 'round.safetensors');
    const name = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('__proto__', 'constructor', 'a"b\\', 'ü.weight'));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, tensor, { maxKeys: 6 }), fc.dictionary(name, fc.string()), async (given, metadata) => {
        const tensors = new Map(Object.entries(given));
        tensors.delete('__metadata__');
        await saveSafetensors(path, { tensors, metadata });
        const loaded = await loadSafetensors(path);
        expect(new Map([...loaded.tensors].sort())).toEqual(new Map([...tensors].sort()));
        expect(Object.entries(loaded.metadata).sort()).toEqual(Object.entries(metadata).sort());
      }),
      { numRuns: 60 },
    );
  });

  test.skipIf(!hasPython('numpy'))('a reader of the published format finds the values, aligned', async () => {
    const path = join(folder, 'python.safetensors');
    const tensors = new Map<string, SafetensorsTensor>([
      ['byte', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
      ['conv.weight', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2.5, -3, 4) }],
      ['count', { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) }],
    ]);
    await saveSafetensors(path, { tensors, metadata: { note: 'hello' } });
    const script = `import sys, json, struct, numpy as np
raw = open(sys.argv[1], 'rb').read()
n = struct.unpack('<Q', raw[:8])[0]
h = json.loads(raw[8:8+n])
meta = h.pop('__metadata__')
types = {'F32': '<f4', 'U8': 'u1', 'I64': '<i8'}
size = max(v['data_offsets'][1] for v in h.values())
assert len(raw) == 8 + n + size and n % 8 == 0
get = lambda v: np.frombuffer(raw[8+n+v['data_offsets'][0]:8+n+v['data_offsets'][1]], types[v['dtype']]).reshape(v['shape']).tolist()
assert all(v['data_offsets'][0] % np.dtype(types[v['dtype']]).itemsize == 0 for v in h.values())
print(json.dumps([{k: get(v) for k, v in sorted(h.items())}, meta]))`;
    expect(runPython(script, path)).toEqual([
      {
        byte: [1, 2, 3],
        'conv.weight': [
          [1, 2.5],
          [-3, 4],
        ],
        count: 7,
      },
      { note: 'hello' },
    ]);
  });

  test.each([
    ['header beyond the file', '{}', 0, 3, /header says 3 bytes, the file has 2/],
    ['gigantic header', '{}', 0, Number.MAX_SAFE_INTEGER, /cut off or not safetensors/],
    ['not JSON', '{"a":', 0, undefined, /not JSON/],
    ['not an object', '[1]', 0, undefined, /must be a JSON object/],
    ['deeply nested', '['.repeat(200_000), 0, undefined, /not JSON|must be a JSON object/],
    ['overlap', JSON.stringify({ a: entry(0, 8), b: entry(4, 12) }), 12, undefined, /"b" starts at byte 4, the tensor before it ends at 8/],
    ['hole', JSON.stringify({ a: entry(0, 4), b: entry(8, 12) }), 12, undefined, /"b" starts at byte 8/],
    ['same place twice', JSON.stringify({ a: entry(0, 8), b: entry(0, 8) }), 8, undefined, /starts at byte 0/],
    [
      'size of another dtype',
      JSON.stringify({ a: entry(0, 8, [2], 'F64') }),
      8,
      undefined,
      /shape \[2\] F64 needs 16 bytes, data_offsets give 8/,
    ],
    ['shape too large', JSON.stringify({ a: entry(0, 8, [2 ** 40, 2 ** 40]) }), 8, undefined, /needs .* bytes/],
    ['negative size', JSON.stringify({ a: entry(0, 8, [-2]) }), 8, undefined, /impossible shape/],
    ['fractional size', JSON.stringify({ a: entry(0, 8, [2.5]) }), 8, undefined, /impossible shape/],
    ['offsets backwards', JSON.stringify({ a: entry(8, 0, [0]) }), 8, undefined, /impossible data_offsets/],
    ['offsets beyond the file', JSON.stringify({ a: entry(0, 400) }), 8, undefined, /cover 400 bytes, the file has 8/],
    ['bytes left over', JSON.stringify({ a: entry(0, 8) }), 9, undefined, /cover 8 bytes, the file has 9/],
    ['unknown dtype', JSON.stringify({ a: entry(0, 8, [2], 'toString') }), 8, undefined, /unknown dtype "toString"/],
    ['a name twice', `{"a":${JSON.stringify(entry(0, 8))},"\\u0061":${JSON.stringify(entry(0, 8))}}`, 8, undefined, /"a" stands twice/],
    ['a field twice', '{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}}', 8, undefined, /"shape" stands twice/],
    ['metadata that is not text', '{"__metadata__":{"n":1}}', 0, undefined, /metadata "n" must be text/],
  ])('refused: %s', async (_name, json, dataBytes, headerBytes, message) => {
    const path = await file(json, dataBytes, headerBytes);
    await expect(loadSafetensors(path)).rejects.toThrow(message);
    await expect(loadSafetensors(path)).rejects.toThrow(/^loadSafetensors: .*hostile\.safetensors: /);
  });

  test('a file of less than 8 bytes and every cut of a good file are refused', async () => {
    const path = join(folder, 'cut.safetensors');
    await saveSafetensors(path, { tensors: new Map([['a', { dtype: 'F32', shape: [5], data: new Float32Array(5) }]]) });
    const bytes = await readFile(path);
    for (let length = 0; length < bytes.length; length++) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(loadSafetensors(path)).rejects.toThrow(/^loadSafetensors: /);
    }
  });

  test('a save that fails leaves the old file and no other', async () => {
    const path = join(folder, 'old.safetensors');
    await saveSafetensors(path, { tensors: new Map(), metadata: { which: 'old' } });
    const before = readdirSync(folder);
    const wrong: SafetensorsTensor = { dtype: 'F32', shape: [3], data: new Float32Array(2) };
    await expect(saveSafetensors(path, { tensors: new Map([['a', wrong]]) })).rejects.toThrow(/a: shape \[3\] F32 does not fit 2 values/);
    expect((await loadSafetensors(path)).metadata).toEqual({ which: 'old' });
    expect(readdirSync(folder)).toEqual(before);
  });
});
