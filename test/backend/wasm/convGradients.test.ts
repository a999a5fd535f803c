import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerWasm } from '../../../src/backend/wasm/registerWasm.js';
import { Rng } from '../../../src/util/rng.js';

type Padding = 'valid' | 'same' | [[number, number], [number, number], [number, number], [number, number]];
interface Case {
  x: [number, number, number, number];
  filter: [number, number, number, number];
  strides: [number, number];
  pad: Padding;
}

const normals = (size: number, seed: number): Float32Array => {
  const rng = new Rng({ seed, purpose: 'test' });
  return Float32Array.from({ length: size }, () => rng.normal());
};

function outShape({ x, filter, strides, pad }: Case): number[] {
  return tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad).outShape;
}

/** dx and dW of sum(conv(x, W) * dy) on a backend, by tfjs's own kernel names. */
async function gradients(backend: string, test: Case): Promise<{ dx: Float32Array; dw: Float32Array }> {
  await tf.setBackend(backend);
  const x = tf.tensor4d(normals(tf.util.sizeFromShape(test.x), 1), test.x);
  const filter = tf.tensor4d(normals(tf.util.sizeFromShape(test.filter), 2), test.filter);
  const shape = outShape(test);
  const dy = tf.tensor(normals(tf.util.sizeFromShape(shape), 3), shape);
  const attrs = { strides: test.strides, pad: test.pad, dataFormat: 'NHWC' };
  const before = tf.memory().numTensors;
  const idsBefore = tf.engine().backend.numDataIds();
  const dx = tf.engine().runKernel<tf.Tensor>('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: test.x });
  const dw = tf.engine().runKernel<tf.Tensor>('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: test.filter });
  expect(tf.memory().numTensors).toBe(before + 2);
  if (backend === 'wasm') expect(tf.engine().backend.numDataIds()).toBe(idsBefore + 2); // no intermediate result is left on the heap
  expect([dx.shape, dw.shape]).toEqual([test.x, test.filter]);
  const result = { dx: Float32Array.from(dx.dataSync()), dw: Float32Array.from(dw.dataSync()) };
  tf.dispose([x, filter, dy, dx, dw]);
  return result;
}

async function expectEqualBackends(test: Case, share = 3e-6): Promise<void> {
  const expected = await gradients('cpu', test);
  const { dx, dw } = await gradients('wasm', test);
  // Sums of products of standard normals in float32 (cpu sums in float64): as a share of the sum's standard deviation, sqrt(terms).
  const [n, , ,] = test.x;
  const [kh, kw, , co] = test.filter;
  const [, oh, ow] = outShape(test);
  expect(dx).toBeAllClose(expected.dx, { atol: share * Math.sqrt(kh * kw * co), rtol: 1e-5 });
  expect(dw).toBeAllClose(expected.dw, { atol: share * Math.sqrt(n * oh * ow), rtol: 1e-5 });
}

beforeAll(async () => {
  tf.env().set('PROD', true);
  await registerWasm();
});
afterAll(() => tf.removeBackend('wasm'));

describe('convolution gradients on wasm', () => {
  it.each<[string, Case]>([
    ['ResNet stem, 7 x 7 stride 2 pad 3', { x: [2, 21, 18, 1], filter: [7, 7, 1, 8], strides: [2, 2], pad: [[0, 0], [3, 3], [3, 3], [0, 0]] }], // biome-ignore format: one line
    ['7 x 7 stride 2, padded before', { x: [2, 27, 24, 1], filter: [7, 7, 1, 8], strides: [2, 2], pad: 'valid' }],
    ['3 x 3 stride 1 same', { x: [3, 9, 7, 5], filter: [3, 3, 5, 6], strides: [1, 1], pad: 'same' }],
    ['3 x 3 stride 1 valid', { x: [3, 9, 7, 5], filter: [3, 3, 5, 6], strides: [1, 1], pad: 'valid' }],
    ['3 x 3 stride 2 same, even size', { x: [2, 8, 6, 4], filter: [3, 3, 4, 7], strides: [2, 2], pad: 'same' }],
    ['3 x 3 stride 2 valid, a row left over', { x: [2, 10, 8, 4], filter: [3, 3, 4, 7], strides: [2, 2], pad: 'valid' }],
    ['1 x 1 stride 1', { x: [2, 5, 4, 6], filter: [1, 1, 6, 3], strides: [1, 1], pad: 'valid' }],
    ['1 x 1 stride 2, rows and columns that nothing reads', { x: [2, 6, 5, 6], filter: [1, 1, 6, 3], strides: [2, 2], pad: 'valid' }],
    ['stride larger than the filter', { x: [2, 9, 8, 3], filter: [2, 2, 3, 4], strides: [3, 3], pad: 'valid' }],
    ['padding larger than the filter reaches', { x: [1, 4, 4, 2], filter: [2, 2, 2, 3], strides: [1, 1], pad: [[0, 0], [2, 3], [3, 2], [0, 0]] }], // biome-ignore format: one line
    ['different strides', { x: [2, 9, 10, 3], filter: [3, 5, 3, 4], strides: [1, 2], pad: 'same' }],
  ])('equal those of the cpu backend: %s', (_, test) => expectEqualBackends(test));

  it('equal those of the cpu backend for any shape', async () => {
    const size = (max: number) => fc.integer({ min: 1, max });
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(size(3), size(9), size(9), size(4)),
        fc.tuple(size(5), size(5), size(5)),
        fc.tuple(size(3), size(3)),
        fc.constantFrom<'valid' | 'same'>('valid', 'same'),
        async (x, [kh, kw, co], strides, pad) => {
          fc.pre(pad === 'same' || (kh <= x[1] && kw <= x[2]));
          await expectEqualBackends({ x, filter: [kh, kw, x[3], co], strides, pad });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are finite differences of the convolution', async () => {
    const test: Case = { x: [2, 6, 5, 2], filter: [3, 3, 2, 3], strides: [2, 2], pad: 'same' };
    const { dx, dw } = await gradients('wasm', test);
    const [x, w] = [normals(120, 1), normals(54, 2)];
    const shape = outShape(test);
    const dy = tf.tensor(normals(tf.util.sizeFromShape(shape), 3), shape);
    const objective = (xs: Float32Array, ws: Float32Array): number =>
      tf.tidy(() => {
        const y = tf.conv2d(tf.tensor4d(xs, test.x), tf.tensor4d(ws, test.filter), test.strides, 'same');
        return tf.sum(tf.mul(y, dy)).dataSync()[0];
      });
    const difference = (values: Float32Array, i: number, at: (changed: Float32Array) => number): number => {
      // The objective is linear in each argument, so a large step has no truncation error.
      const [up, down] = [Float32Array.from(values), Float32Array.from(values)];
      up[i] += 1;
      down[i] -= 1;
      return (at(up) - at(down)) / 2;
    };
    expect(dx).toBeAllClose(
      Array.from(x, (_, i) => difference(x, i, (changed) => objective(changed, w))),
      { atol: 2e-4 },
    );
    expect(dw).toBeAllClose(
      Array.from(w, (_, i) => difference(w, i, (changed) => objective(x, changed))),
      { atol: 2e-4 },
    );
    dy.dispose();
  });

  it('sum a large batch in chunks', async () => {
    // 260 images of 64 x 64 x 4 values are more than one chunk holds.
    const test: Case = { x: [260, 64, 64, 4], filter: [1, 1, 4, 2], strides: [2, 2], pad: 'valid' };
    // 266,240 terms, added one after the other.
    await expectEqualBackends(test, 3e-5);
  });

  it('refuse NCHW', async () => {
    await tf.setBackend('wasm');
    const x = tf.ones([1, 2, 4, 4]);
    const dy = tf.ones([1, 3, 4, 4]);
    const attrs = { strides: 1, pad: 'same', dataFormat: 'NCHW', filterShape: [3, 3, 2, 3] };
    expect(() => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attrs)).toThrow('needs dataFormat NHWC, got NCHW');
    tf.dispose([x, dy]);
  });
});
