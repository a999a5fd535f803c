import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { exportModel } from '../../src/export/exportModel.js';
import { importTorchvision } from '../../src/model/importTorchvision.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { standardise } from '../../src/model/standardise.js';
import { loadSafetensors } from '../../src/util/safetensors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { goldenModel } from './goldenModel.js';
import { expectSame, onnxSession, runOnnx } from './onnxSession.js';

const folder = temporaryFolder();
const weights = join(folder, 'resnet18.safetensors');
const python = process.env.PEER_PYTHON ?? '/usr/bin/python3';
const hasTorch = spawnSync(python, ['-c', 'import torch, numpy']).status === 0;

const shape: [number, number, number] = [2, 37, 40];
const patches = Float32Array.from({ length: 2 * 37 * 40 }, (_, i) => -1.5 + 2 * Math.sin(i * i * 0.01));
const bytesOf = (values: tf.Tensor): Uint8Array => new Uint8Array(values.dataSync<'float32'>().slice().buffer);
let model: Model;
let h: Float32Array;
let standardised: Float32Array;

// One network for all: its eleven million weights take longer to make than to use.
beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  model = goldenModel({ name: 'resnet18' });
  await exportModel({ model, format: 'torchvision', out: weights });
  tf.tidy(() => {
    const x = tf.tensor3d(patches, shape);
    standardised = standardise(x, model.metadata.standardisation).dataSync<'float32'>().slice();
    h = model.embedPatches(x).dataSync<'float32'>().slice();
  });
});
afterAll(() => model.dispose());

describe('an exported ResNet-18', () => {
  it.skipIf(!hasTorch)('loads strictly into PyTorch and gives our own embeddings (needs python3-torch)', async () => {
    await writeFile(join(folder, 'patches.f32'), new Uint8Array(standardised.buffer));
    const script = fileURLToPath(new URL('resnet18.py', import.meta.url));
    const args = [script, weights, join(folder, 'patches.f32'), join(folder, 'h.f32')];
    const { status, stderr } = spawnSync(python, args, { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const { buffer, byteOffset } = readFileSync(join(folder, 'h.f32'));
    const got = new Float32Array(buffer.slice(byteOffset, byteOffset + 4 * h.length));
    // The bound of the format; float32 sums in another order stay a hundred times below it.
    expect(got).toBeAllClose(h, { rtol: 0, atol: 1e-4 * h.reduce((max, value) => Math.max(max, value), 0) });
  });

  it("has torchvision's names, the counters of batch norms, the model in its metadata, and nothing else", async () => {
    const { tensors, metadata } = await loadSafetensors(weights);
    const counters = [...tensors].filter(([name]) => name.endsWith('num_batches_tracked'));
    expect(counters).toHaveLength(20);
    expect(counters.every(([, { dtype, data }]) => dtype === 'I64' && data[0] === 12n)).toBe(true);
    expect(tensors.size).toBe(model.parameters.size + 20);
    expect(tensors.get('conv1.weight')?.shape).toEqual([64, 1, 7, 7]);
    expect(JSON.parse(metadata.audiossl)).toMatchObject({ patchFrames: 32, standardisation: { mean: [-1.5] } });
  });

  it('comes back by import with the same bits and the same input', async () => {
    const back = join(folder, 'back.safetensors');
    expect(await importTorchvision({ weights, out: back })).toMatchObject({ width: 64, numValues: 11_170_240, notes: [] });
    const again = await loadModel(back);
    const { frontEnd, patchFrames, patchHop, standardisation, encoder, step, epoch } = model.metadata;
    expect(again.metadata).toMatchObject({
      frontEnd,
      patchFrames,
      patchHop,
      standardisation,
      step,
      epoch,
      encoder: { name: encoder.name },
    });
    for (const [name, parameter] of model.parameters)
      expect(Buffer.compare(bytesOf(parameter), bytesOf(again.parameters.get(name)!)), name).toBe(0);
    expect(again.parameters.size).toBe(model.parameters.size);
    again.dispose();
  });

  it('gives our own embeddings in onnxruntime-web, patches of more frames than the model says too', async () => {
    const session = await onnxSession(model, join(folder, 'resnet18.onnx'));
    const { embedding } = await runOnnx(session, patches, shape);
    expect(embedding.dims).toEqual([2, 512]);
    expectSame(embedding, h);
    await session.release();
  });
});
