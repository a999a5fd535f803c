import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { createOptimizer, optimizerOptions } from '../../src/optim/createOptimizer.js';
import { lars } from '../../src/optim/lars.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { sgd } from '../../src/optim/sgd.js';
import golden from '../golden/optim/optimizers.json' with { type: 'json' };
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';

/** As in optimizers.py: the matrix that begins with zeros has no length to go by. */
const shapes: Record<string, number[]> = { '0.weight': [2, 3], 'conv1.weight': [1, 2, 2, 2], 'bn1.weight': [3], '3.weight': [2, 2] };
const sizeOf = (shape: number[]) => shape.reduce((product, size) => product * size, 1);
const makeParameters = (): Map<string, tf.Variable> =>
  new Map(
    Object.entries(shapes).map(([path, shape], i) => [
      path,
      tf.tidy(() => tf.variable(tf.tensor(scatter(sizeOf(shape), i + 1, i < 3 ? 1 : 0), shape))),
    ]),
  );

/** The trajectory of optimizers.py: rate 0.5, from the fourth step on 0.05. */
function run(optimizer: Optimizer, parameters: Map<string, tf.Variable>, from = 0, to = 6): void {
  for (let step = from; step < to; step++) {
    tf.tidy(() => {
      const gradients = Object.entries(shapes).map(([path, shape], i): [string, tf.Tensor] => [
        path,
        tf.tensor(scatter(sizeOf(shape), 10 * (i + 1) + step, 1), shape),
      ]);
      optimizer.step(parameters, new Map(gradients), step < 3 ? 0.5 : 0.05);
    });
  }
}
const disposeAll = (tensors: Map<string, tf.Tensor>): void => {
  for (const tensor of tensors.values()) tensor.dispose();
};
const valuesOf = (tensors: Iterable<tf.Tensor>) => [...tensors].map((tensor) => [...tensor.dataSync()]);

describe.each(availableBackends)('LARS on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it.each([
    ['with momentum and decay', { momentum: 0.9, weightDecay: 0.05, trustCoefficient: 0.1 }, golden.lars],
    ['without', { momentum: 0, weightDecay: 0 }, golden.larsPlain],
  ])('%s follows the reference, in place and without leaks', (_, options, expected) => {
    const before = tf.memory().numTensors;
    const parameters = makeParameters();
    const optimizer = lars(options);
    run(optimizer, parameters, 0, 2);
    const inUse = tf.memory().numTensors;
    run(optimizer, parameters, 2);
    expect(tf.memory().numTensors).toBe(inUse);
    const [got, velocities] = [valuesOf(parameters.values()), valuesOf(optimizer.state().values())];
    for (const [i, path] of Object.keys(shapes).entries()) {
      // Six steps in float32, lengths being sums of eight squares at most.
      expect(got[i], path).toBeAllClose(expected.parameters[i], { rtol: 3e-6, atol: 1e-6 });
      expect(velocities[i], path).toBeAllClose(expected.velocities[i], { rtol: 3e-6, atol: 1e-6 });
    }
    optimizer.dispose();
    disposeAll(parameters);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('moves a layer by its share whatever the size of the gradient, a vector by the gradient alone', () =>
    tf.tidy(() => {
      for (const size of [1e-6, 1, 1e6]) {
        const parameters = new Map<string, tf.Variable>([
          ['matrix', tf.variable(tf.tensor2d([[3, 4]]))],
          ['vector', tf.variable(tf.tensor1d([3, 4]))],
          ['still', tf.variable(tf.tensor2d([[3, 4]]))],
        ]);
        const optimizer = lars({ trustCoefficient: 0.01, weightDecay: 0 });
        const gradients = new Map<string, tf.Tensor>([
          ['matrix', tf.tensor2d([[0, -size]])],
          ['vector', tf.tensor1d([0, -size])],
          ['still', tf.zeros([1, 2])],
        ]);
        optimizer.step(parameters, gradients, 2);
        // 2 x 0.01 x |(3, 4)| = 0.1 along the gradient.
        expect(parameters.get('matrix')!.dataSync()).toBeAllClose([3, 4.1], { rtol: 1e-6 });
        expect(parameters.get('vector')!.dataSync()).toBeAllClose([3, 4 + 2 * size], { rtol: 1e-6 });
        expect([...parameters.get('still')!.dataSync()]).toEqual([3, 4]);
        optimizer.dispose();
        disposeAll(parameters);
      }
    }));

  it('goes on from its saved state bit for bit', () =>
    tf.tidy(() => {
      const options = optimizerOptions.parse({ name: 'lars' });
      const [whole, parts] = [makeParameters(), makeParameters()];
      const [first, second, third] = [0, 1, 2].map(() => createOptimizer(options));
      run(first, whole);
      run(second, parts, 0, 4);
      third.restore(new Map([...second.state()].map(([name, saved]) => [name, tf.tensor(saved.dataSync().slice(), saved.shape)])));
      second.dispose();
      run(third, parts, 4);
      expect(valuesOf(parts.values())).toEqual(valuesOf(whole.values()));
      expect(valuesOf(third.state().values())).toEqual(valuesOf(first.state().values()));
      for (const optimizer of [first, third]) optimizer.dispose();
      for (const parameters of [whole, parts]) disposeAll(parameters);
    }));
});

describe('state and options of LARS', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  it('names its velocities, and refuses the state of another optimiser, as others do its own', () =>
    tf.tidy(() => {
      const [optimizer, parameters] = [lars(), makeParameters()];
      run(optimizer, parameters, 0, 1);
      expect([...optimizer.state().keys()]).toEqual(Object.keys(shapes).map((path) => `lars.velocity.${path}`));
      expect(() => sgd().restore(optimizer.state())).toThrow('got "lars.velocity.0.weight"');
      expect(() => optimizer.restore(new Map([['momentum.x', tf.zeros([1])]]))).toThrow(
        'lars: the state must be of LARS (lars.velocity.<parameter>), got "momentum.x"',
      );
      optimizer.dispose();
      disposeAll(parameters);
    }));

  it('has the setting of SimCLR by default', () => {
    expect(optimizerOptions.parse({ name: 'lars' })).toEqual({
      name: 'lars',
      learningRate: 0.15,
      momentum: 0.9,
      weightDecay: 1e-6,
      trustCoefficient: 0.001,
    });
    expect(optimizerOptions.safeParse({ name: 'lars', trustCoefficient: 0 }).success).toBe(false);
    expect(optimizerOptions.safeParse({ name: 'sgd', trustCoefficient: 0.1 }).success).toBe(false);
  });
});
