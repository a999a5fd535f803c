import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { importTorchvision } from '../../src/model/importTorchvision.js';
import { loadModel } from '../../src/model/loadModel.js';
import { toTorchLayout } from '../../src/model/weightLayout.js';
import { disposeParameters } from '../../src/nn/parameters.js';
import { resnet18 } from '../../src/nn/resnet18.js';
import { encodeFloat16 } from '../../src/util/float16.js';
import { loadSafetensors, type SafetensorsTensor, saveSafetensors } from '../../src/util/safetensors.js';
import { runCli } from '../cli/runCli.js';
import { scatter, scatterValue } from '../ops/numeric.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { saveSmallModel } from './smallModel.js';

const golden = JSON.parse(readFileSync(new URL('../golden/model/torchvisionImport.json', import.meta.url), 'utf8')) as {
  shape: [number, number, number];
  embedding: number[];
};
const folder = temporaryFolder();
const frontEnd = resolveFrontEnd({ preset: 'acl', nMels: 40, nFft: 1024, winLength: 660 });
const input = {
  ...{ frontEnd: { ...frontEnd }, patchFrames: 37, patchHop: 10 },
  standardisation: { mean: [0], standardDeviation: [1] },
};
/** torchvision's names and shapes at width 16, three input channels and an fc of five classes, with the weights of `fill` in networks.py. */
let state: Map<string, SafetensorsTensor>;

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  const parameters = resnet18({ width: 16 }).createParameters({ seed: 0 });
  const shapes = new Map([...parameters].map(([name, { shape, size }]) => [name, toTorchLayout(name, { shape, data: new Float32Array(size) }).shape])); // biome-ignore format: one line
  disposeParameters(parameters);
  shapes.set('conv1.weight', [16, 3, 7, 7]).set('fc.weight', [5, 128]).set('fc.bias', [5]);
  state = new Map();
  for (const [key, name] of [...shapes.keys()].sort().entries()) {
    const shape = shapes.get(name) as number[];
    const size = shape.reduce((a, b) => a * b, 1);
    const isVector = shape.length === 1;
    const isVariance = name.endsWith('running_var');
    const one = isVariance || (isVector && name.endsWith('weight')) ? 1 : 0;
    const amplitude = isVariance ? 0.3 : isVector ? (name.endsWith('weight') ? 0.2 : 0.1) : Math.sqrt(6 / (size / shape[0]));
    state.set(name, { dtype: 'F32', shape, data: Float32Array.from({ length: size }, (_, i) => one + scatterValue(i, key, amplitude)) });
  }
});

let numFiles = 0;
async function write(tensors: Map<string, SafetensorsTensor>, metadata: Record<string, string> = {}): Promise<string> {
  const path = join(folder, `weights${numFiles++}.safetensors`);
  await saveSafetensors(path, { tensors, metadata });
  return path;
}
const counters = () =>
  [...state.keys()].flatMap((name): [string, SafetensorsTensor][] =>
    name.endsWith('running_mean')
      ? [[name.replace('running_mean', 'num_batches_tracked'), { dtype: 'I64', shape: [], data: BigInt64Array.of(9n) }]]
      : [],
  );
const out = join(folder, 'model.safetensors');

async function embeddingOf(path: string): Promise<Float32Array> {
  const model = await loadModel(path);
  const h = tf.tidy(() =>
    model
      .embedPatches(tf.tensor3d(Float32Array.from(scatter(2 * 37 * 40, 1000, 2)), golden.shape))
      .dataSync<'float32'>()
      .slice(),
  );
  model.dispose();
  return h;
}

describe('importTorchvision', () => {
  it.each(['with', 'without'])("gives torchvision's own embeddings, three channels summed, %s num_batches_tracked", async (how) => {
    const weights = await write(new Map([...state, ...(how === 'with' ? counters() : [])]));
    const { width, notes, numValues } = await importTorchvision({ weights, out, input });
    expect({ width, notes }).toEqual({
      width: 16,
      notes: ['left out the head: fc.bias, fc.weight', 'summed conv1 over its 3 input channels'],
    });
    const trainable = [...state].filter(([name]) => !/^fc|running|^conv1/.test(name)).reduce((sum, [, { data }]) => sum + data.length, 0);
    expect(numValues).toBe(trainable + 16 * 49);
    const largest = Math.max(...golden.embedding);
    expect(await embeddingOf(out)).toBeAllClose(golden.embedding, { rtol: 0, atol: 1e-4 * largest });
  });

  it('reads half, brain and double floats as what they are', async () => {
    const numbers = [1, -0.375, 2 ** -6, 0];
    const bits = new Uint32Array(Float32Array.from(numbers).buffer);
    const forms: SafetensorsTensor[] = [
      { dtype: 'F16', shape: [16], data: encodeFloat16(Array.from({ length: 16 }, (_, i) => numbers[i % 4])) },
      { dtype: 'BF16', shape: [16], data: Uint16Array.from({ length: 16 }, (_, i) => bits[i % 4] >>> 16) },
      { dtype: 'F64', shape: [16], data: Float64Array.from({ length: 16 }, (_, i) => numbers[i % 4]) },
    ];
    const names = ['bn1.bias', 'layer1.0.bn1.bias', 'layer1.1.bn2.running_mean'];
    await importTorchvision({
      weights: await write(new Map([...state, ...names.map((name, i) => [name, forms[i]] as const)])),
      out,
      input,
    });
    const { tensors } = await loadSafetensors(out);
    for (const name of names)
      expect([...(tensors.get(`encoder.${name}`)?.data ?? [])]).toEqual(Array.from({ length: 16 }, (_, i) => numbers[i % 4]));
  });

  it('takes names under a prefix, and says which where none was given', async () => {
    const weights = await write(
      new Map([...[...state].map(([name, tensor]) => [`backbone.${name}`, tensor] as const), ['head.0.bias', state.get('fc.bias')!]]),
    );
    await expect(importTorchvision({ weights, out, input })).rejects.toThrow(/there must be a conv1\.weight.*; try `prefix` backbone\.$/);
    const { notes } = await importTorchvision({ weights, out, input, prefix: 'backbone.' });
    expect(notes[0]).toBe('left out what is not under backbone.: head.0.bias');
  });

  it('says that a whitening stayed behind', async () => {
    const audiossl = JSON.stringify({ ...input, encoder: { name: 'resnet18', width: 16 }, whitening: { numClips: 9 } });
    const { notes } = await importTorchvision({ weights: await write(state, { audiossl }), out });
    expect(notes.at(-1)).toMatch(/^the whitening that the model had is not in the file/);
  });

  it('names in one line what does not fit, and writes nothing', async () => {
    const refused = join(folder, 'refused.safetensors');
    const zeros = (...shape: number[]): SafetensorsTensor => ({
      dtype: 'F32',
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b)),
    });
    const changed = (change: (tensors: Map<string, SafetensorsTensor>) => void) => {
      const tensors = new Map(state);
      change(tensors);
      return write(tensors);
    };
    const cases: [RegExp, Promise<string>][] = [
      [/missing layer4\.1\.bn2\.weight$/, changed((tensors) => tensors.delete('layer4.1.bn2.weight'))],
      [/unknown layer1\.0\.conv3\.weight, layer5\.weight$/, changed((tensors) => tensors.set('layer1.0.conv3.weight', zeros(2)).set('layer5.weight', zeros(2)))], // biome-ignore format: one line
      [/wrongly shaped layer2\.0\.conv1\.weight \[32,16,3,2\] instead of \[32,16,3,3\]$/, changed((tensors) => tensors.set('layer2.0.conv1.weight', zeros(32, 16, 3, 2)))], // biome-ignore format: one line
      [/wrongly shaped conv1\.weight \[16,4,7,7\] instead of \[16,1,7,7\]$/, changed((tensors) => tensors.set('conv1.weight', zeros(16, 4, 7, 7)))], // biome-ignore format: one line
      [
        /conv1\.weight must be \[width, 1, 7, 7\].*got \[20,3,7,7\]$/,
        changed((tensors) => tensors.set('conv1.weight', zeros(20, 3, 7, 7))),
      ],
      [/bn1\.bias must be F32, F64, F16 or BF16, is I64$/, changed((tensors) => tensors.set('bn1.bias', { dtype: 'I64', shape: [16], data: new BigInt64Array(16) }))], // biome-ignore format: one line
      [/bn1\.bias must hold finite values, value 3 is NaN$/, changed((tensors) => tensors.set('bn1.bias', { ...zeros(16), data: new Float32Array(16).fill(Number.NaN, 3) }))], // biome-ignore format: one line
    ];
    for (const [problem, weights] of cases) {
      await expect(importTorchvision({ weights: await weights, out: refused, input })).rejects.toThrow(problem);
    }
    const bare = await write(state);
    await expect(importTorchvision({ weights: bare, out: refused })).rejects.toThrow(
      /does not say what the encoder was fed with; give `like`/,
    );
    await expect(importTorchvision({ weights: bare, out: bare, input })).rejects.toThrow(/`out` must be another file/);
    await expect(importTorchvision({ weights: join(folder, 'none'), out: refused, input })).rejects.toThrow(/none does not exist/);
    const spoilt = await write(state, { audiossl: '{"frontEnd":7}' });
    await expect(importTorchvision({ weights: spoilt, out: refused })).rejects.toThrow(/its metadata "audiossl" is not what export wrote/);
    await expect(loadSafetensors(refused)).rejects.toThrow(/ENOENT/);
  });

  it('is a command, which takes the front end of another model', async () => {
    const like = await saveSmallModel(folder, { name: 'like.safetensors', frontEnd: { ...frontEnd }, patchFrames: 37 });
    const target = join(folder, 'cli.safetensors');
    const { code, stdout, stderr } = runCli(['import', '--weights', await write(state), '--like', like, '--out', target]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${target}: resnet18 of width 16, 700,528 values; left out the head: fc.bias, fc.weight; summed conv1 over its 3 input channels\n`,
    });
    expect(stderr).toMatch(/^next: (npx )?audiossl embed --model /m);
    const model = await loadModel(target);
    expect(model.metadata).toMatchObject({ frontEnd, patchFrames: 37, patchHop: 16, standardisation: { mean: [-1.5] } });
    model.dispose();
  });
});
