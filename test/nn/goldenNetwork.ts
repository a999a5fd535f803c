import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { toTfjsLayout, toTorchLayout } from '../../src/model/weightLayout.js';
import type { ForwardOptions } from '../../src/nn/layers.js';
import { countTrainable, disposeParameters, type Parameters } from '../../src/nn/parameters.js';
import { valueAndGradients } from '../../src/nn/valueAndGradients.js';
import { scatter, scatterValue } from '../ops/numeric.js';

/** What test/golden/nn/networks.py writes. */
export interface NetworkGolden {
  inputShape: number[];
  trainable: number;
  evaluation: number[];
  training: number[];
  gradients: Record<string, number[]>;
  running: Record<string, number[]>;
}

type Forward<T extends tf.Tensor> = (parameters: Parameters, x: T, options: ForwardOptions) => tf.Tensor2D;

/** Overwrites every parameter with scatter by the position of its name, in PyTorch's order of axes, as `fill` in networks.py does. */
export function goldenWeights(parameters: Parameters): void {
  for (const [key, name] of [...parameters.keys()].sort().entries()) {
    const variable = parameters.get(name)!;
    const { size, rank } = variable;
    const torchShape = toTorchLayout(name, { shape: variable.shape, data: new Float32Array(size) }).shape;
    const one = name.endsWith('running_var') || (rank === 1 && name.endsWith('weight')) ? 1 : 0;
    const amplitude =
      rank > 1 ? Math.sqrt(6 / (size / torchShape[0])) : name.endsWith('running_var') ? 0.3 : name.endsWith('weight') ? 0.2 : 0.1;
    const data = new Float32Array(size);
    for (let i = 0; i < size; i++) data[i] = one + scatterValue(i, key, amplitude);
    tf.tidy(() => variable.assign(tf.tensor(toTfjsLayout(name, { shape: torchShape, data }).data, variable.shape)));
  }
}

/** Norm, largest magnitude and three values, in PyTorch's order of axes, as `sample` in networks.py. */
export function sample(name: string, tensor: tf.Tensor): number[] {
  const { data } = toTorchLayout(name, { shape: tensor.shape, data: tensor.dataSync<'float32'>() });
  let sum = 0;
  let largest = 0;
  for (const value of data) {
    sum += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  return [Math.sqrt(sum), largest, data[0], data[data.length >> 1], data[data.length - 1]];
}

const every16th = (tensor: tf.Tensor): number[] => [...tensor.dataSync()].filter((_, i) => i % 16 === 0);

/**
 * Runs a network on the golden's input, in evaluation mode and as two views in training, and compares all that the golden holds.
 *
 * @param smallestScale share of the largest gradient of all. A gradient below it is a small difference of large numbers (the scale of a
 * batch norm that another batch norm follows), and is compared on that scale, not its own
 */
export function expectGolden<T extends tf.Tensor>(
  golden: NetworkGolden,
  network: { createParameters(rng: { seed: number }): Parameters; forward: Forward<T> },
  { smallestScale = 0 }: { smallestScale?: number } = {},
): void {
  const before = tf.memory().numTensors;
  const parameters = network.createParameters({ seed: 1 });
  expect(countTrainable(parameters)).toBe(golden.trainable);
  goldenWeights(parameters);
  tf.tidy(() => {
    const x = tf.tensor(Float32Array.from(scatter(tf.util.sizeFromShape(golden.inputShape), 1000, 2)), golden.inputShape) as T;
    // The bound of the issue: 1e-4 relative, here to the largest value of each tensor.
    const close = (values: ArrayLike<number>, expected: number[], scale: number) =>
      expect(values).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-4 * scale });
    const evaluation = every16th(network.forward(parameters, x, { isTraining: false }));
    close(evaluation, golden.evaluation, Math.max(...golden.evaluation.map(Math.abs)));

    let training: number[] = [];
    const { value, gradients } = valueAndGradients(parameters, () => {
      const output = network.forward(parameters, x, { isTraining: true, groups: 2 });
      training = every16th(output);
      return tf.sum(tf.mul(output, tf.tensor(scatter(output.size, 1001, 1), output.shape)));
    });
    value.dispose();
    close(training, golden.training, Math.max(...golden.training.map(Math.abs)));
    expect([...gradients.keys()].sort()).toEqual(Object.keys(golden.gradients).sort());
    const largest = Math.max(...Object.values(golden.gradients).map(([, largest]) => largest));
    const worst: [number, string][] = [];
    for (const [name, gradient] of gradients) {
      const expected = golden.gradients[name];
      const got = sample(name, gradient);
      // A bias before a batch norm has no influence: its gradient is rounding alone.
      if (expected[1] < 1e-9 * largest) continue;
      for (const [i, v] of got.entries()) {
        worst.push([Math.abs(v - expected[i]) / Math.max(expected[i === 0 ? 0 : 1], smallestScale * largest), name]);
      }
    }
    worst.sort((a, b) => b[0] - a[0]);
    // Float32 against float64: 1e-4 at most on libtorch 1.13 and in WebAssembly, 1.03e-4 on PyTorch 2.13's library.
    expect(worst[0][0], `gradient of ${worst[0][1]}`).toBeLessThan(1.5e-4);
    for (const [name, expected] of Object.entries(golden.running)) close(sample(name, parameters.get(name)!), expected, expected[1]);
  });
  disposeParameters(parameters);
  expect(tf.memory().numTensors).toBe(before);
}
