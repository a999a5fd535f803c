import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { registerWasm } from '../../../src/backend/wasm/registerWasm.js';
import { Rng } from '../../../src/util/rng.js';

beforeAll(async () => {
  tf.env().set('PROD', true);
  await registerWasm();
});
afterAll(() => tf.removeBackend('wasm'));

type Padding = 'valid' | 'same' | [[number, number], [number, number], [number, number], [number, number]];

async function gradient(
  backend: string,
  shape: [number, number, number, number],
  size: number,
  stride: number,
  pad: Padding,
  round: boolean,
) {
  await tf.setBackend(backend);
  const rng = new Rng({ seed: 1, purpose: 'test' });
  // Rounded values make equal maxima, as ReLU does with zeros.
  const value = () => (round ? Math.round(rng.normal()) : rng.normal());
  const input = tf.tensor4d(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, value), shape);
  const attrs = { filterSize: size, strides: stride, pad };
  const output = tf.engine().runKernel<tf.Tensor>('MaxPool', { x: input }, attrs);
  const dy = tf.tensor(
    Float32Array.from({ length: output.size }, () => rng.normal()),
    output.shape,
  );
  const dx = tf.engine().runKernel<tf.Tensor>('MaxPoolGrad', { dy, input, output }, attrs);
  expect(dx.shape).toEqual(shape);
  const values = Float32Array.from(dx.dataSync());
  tf.dispose([input, output, dy, dx]);
  return values;
}

it.each<[[number, number, number, number], number, number, Padding]>([
  [[2, 9, 8, 5], 3, 2, [[0, 0], [1, 1], [1, 1], [0, 0]]], // biome-ignore format: one line
  [[2, 8, 6, 3], 2, 2, 'valid'],
  [[1, 7, 7, 4], 3, 1, 'same'],
  [[2, 7, 9, 2], 2, 3, 'valid'],
])('MaxPoolGrad on wasm equals the cpu backend, equal maxima too: %j window %d stride %d pad %j', async (shape, size, stride, pad) => {
  for (const round of [false, true]) {
    const expected = await gradient('cpu', shape, size, stride, pad, round);
    expect(await gradient('wasm', shape, size, stride, pad, round)).toBeAllClose(expected, { rtol: 1e-6, atol: 1e-6 });
  }
});
