import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, expect, it } from 'vitest';
import { setBackend } from '../../../src/backend/setBackend.js';
import { addBatchNorm, addConvKaiming, convNorm } from '../../../src/nn/layers.js';
import { createInitialiser } from '../../../src/nn/parameters.js';
import { valueAndGradients } from '../../../src/nn/valueAndGradients.js';
import { globalAveragePool } from '../../../src/ops/globalAveragePool.js';
import { maxPool2d } from '../../../src/ops/maxPool2d.js';
import { Rng } from '../../../src/util/rng.js';
import { noNumericPadding, useNoNumericPadding } from '../../support/noNumericPadding.js';

afterAll(() => {
  tf.removeBackend('wasm');
  tf.removeBackend(noNumericPadding);
});

/** Filter sizes, input and output channels: the stem and one block of a ResNet with all its kinds of convolution, made narrow. */
const convolutions: Record<string, [number, number, number]> = {
  stem: [7, 1, 8],
  first: [3, 8, 16],
  second: [3, 16, 16],
  shortcut: [1, 8, 16],
};

/** The value and all gradients of sum(h w) for six small views in two groups, w fixed, on the backend in use. */
async function step(): Promise<{ value: number; gradients: Map<string, Float32Array> }> {
  const initialiser = createInitialiser('test', 1);
  for (const [name, size] of Object.entries(convolutions)) {
    addConvKaiming(initialiser, `${name}.`, size);
    addBatchNorm(initialiser, `${name}.norm.`, size[2]);
  }
  const { parameters } = initialiser;
  const layer = (name: string, x: tf.Tensor4D, options: object) =>
    convNorm(parameters, { conv: `${name}.`, norm: `${name}.norm.` }, x, { isTraining: true, groups: 2, ...options });
  const forward = (views: tf.Tensor3D) => {
    const stem = layer('stem', tf.expandDims(views, 3), { stride: 2, padding: 3, relu: true, hasInputGradient: false });
    const x = maxPool2d(stem, { size: 3, stride: 2, padding: 1 });
    const y = layer('first', x, { stride: 2, padding: 1, relu: true });
    return globalAveragePool(layer('second', y, { padding: 1, residual: layer('shortcut', x, { stride: 2 }), relu: true }));
  };
  const rng = new Rng({ seed: 2, purpose: 'test' });
  const normals = (size: number) => Float32Array.from({ length: size }, () => rng.normal());
  const views = tf.tensor3d(normals(6 * 37 * 34), [6, 37, 34]);
  const weights = tf.tensor2d(normals(6 * 16), [6, 16]);
  const { value, gradients } = valueAndGradients(parameters, () => tf.tidy(() => tf.sum<tf.Scalar>(tf.mul(forward(views), weights))));
  const result = {
    value: (await value.data())[0],
    gradients: new Map([...gradients].map(([path, gradient]) => [path, Float32Array.from(gradient.dataSync())])),
  };
  tf.dispose([views, weights, value, ...gradients.values(), ...parameters.values()]);
  return result;
}

it('a training step on wasm, and one with only the padding that tfjs-node takes, equal the cpu backend', async () => {
  await setBackend({ backend: 'cpu' });
  const expected = await step();
  expect(expected.gradients.size).toBe(12); // 4 convolutions, 4 scales, 4 shifts
  const results: [string, Awaited<ReturnType<typeof step>>][] = [];
  await setBackend({ backend: 'wasm' });
  results.push(['wasm', await step()]);
  await useNoNumericPadding();
  results.push([noNumericPadding, await step()]);
  for (const [, { value, gradients }] of results) {
    expect(Math.abs(value - expected.value)).toBeLessThan(1e-4 * Math.abs(expected.value) + 1e-3);
    for (const [path, gradient] of gradients) {
      const other = expected.gradients.get(path) ?? new Float32Array();
      // Relative to the whole gradient: batch norm over few values magnifies the rounding of float32.
      const difference = Math.hypot(...gradient.map((g, i) => g - other[i]));
      expect([path, difference / Math.hypot(...other) < 1e-4]).toEqual([path, true]);
    }
  }
});
