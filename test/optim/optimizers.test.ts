import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { adam } from '../../src/optim/adam.js';
import { createOptimizer, optimizerOptions } from '../../src/optim/createOptimizer.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { sgd } from '../../src/optim/sgd.js';
import golden from '../golden/optim/optimizers.json' with { type: 'json' };
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';

const sizes = { 'conv1.weight': 5, 'bn1.bias': 3 };
const makeParameters = (): Map<string, tf.Variable> =>
  new Map(Object.entries(sizes).map(([path, size], i) => [path, tf.tidy(() => tf.variable(tf.tensor1d(scatter(size, i + 1, 1))))]));

/** The trajectory of optimizers.py: rate 0.1, from the fourth step on 0.01. */
function run(optimizer: Optimizer, parameters: Map<string, tf.Variable>, from = 0, to = 6): void {
  for (let step = from; step < to; step++) {
    tf.tidy(() => {
      const gradients = new Map(
        Object.entries(sizes).map(([path, size], i): [string, tf.Tensor] => [path, tf.tensor1d(scatter(size, 10 * (i + 1) + step, 1))]),
      );
      optimizer.step(parameters, gradients, step < 3 ? 0.1 : 0.01);
    });
  }
}

const values = (parameters: Map<string, tf.Tensor>): number[] => [...parameters.values()].flatMap((variable) => [...variable.dataSync()]);
const disposeAll = (tensors: Map<string, tf.Tensor>): void => {
  for (const tensor of tensors.values()) tensor.dispose();
};

const makers: [string, () => Optimizer, number[]][] = [
  ['sgd', () => sgd({ momentum: 0.9, weightDecay: 0.05 }), golden.sgd],
  ['sgd without momentum and decay', () => sgd({ momentum: 0, weightDecay: 0 }), golden.sgdPlain],
  ['adam', () => adam({ weightDecay: 0.05 }), golden.adam],
];

describe.each(availableBackends)('optimisers on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it.each(makers)('%s follows torch, in place and without leaks', (_, make, expected) => {
    const before = tf.memory().numTensors;
    const parameters = makeParameters();
    const optimizer = make();
    run(optimizer, parameters, 0, 2);
    const inUse = tf.memory().numTensors;
    run(optimizer, parameters, 2);
    expect(tf.memory().numTensors).toBe(inUse);
    // six steps in float32
    expect(values(parameters)).toBeAllClose(expected, { rtol: 2e-6, atol: 5e-7 });
    optimizer.dispose();
    disposeAll(parameters);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each(makers)('%s goes on from its saved state bit for bit', (_, make) => {
    const whole = makeParameters();
    const first = make();
    run(first, whole);
    const parameters = makeParameters();
    const second = make();
    run(second, parameters, 0, 4);
    const third = make();
    tf.tidy(() => {
      const saved = [...second.state()].map(([name, tensor]): [string, tf.Tensor] => [
        name,
        tf.tensor(tensor.dataSync().slice(), tensor.shape),
      ]);
      third.restore(new Map(saved));
    });
    second.dispose();
    run(third, parameters, 4);
    expect(values(parameters)).toEqual(values(whole));
    expect([...third.state().keys()].sort()).toEqual([...first.state().keys()].sort());
    expect(values(third.state())).toEqual(values(first.state()));
    for (const optimizer of [first, third]) optimizer.dispose();
    disposeAll(whole);
    disposeAll(parameters);
  });

  it('a restored state is a copy: neither steps nor dispose touch the tensors it came from', () => {
    tf.tidy(() => {
      const parameters = makeParameters();
      const optimizer = sgd();
      const saved = tf.ones([3]);
      optimizer.restore(new Map([['momentum.bn1.bias', saved]]));
      run(optimizer, parameters, 0, 1);
      optimizer.dispose();
      expect(saved.dataSync()).toBeAllClose([1, 1, 1], {});
      disposeAll(parameters);
    });
  });

  it('leaves parameters that are not trainable or have no gradient alone', () => {
    tf.tidy(() => {
      const parameters = makeParameters();
      const before = values(parameters);
      parameters.get('bn1.bias')!.trainable = false;
      const optimizer = sgd();
      optimizer.step(parameters, new Map([['bn1.bias', tf.ones([3])]]), 0.1);
      expect(values(parameters)).toEqual(before);
      expect(optimizer.state().size).toBe(0);
      disposeAll(parameters);
    });
  });
});

describe('state and options', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));
  it('names: momentum.<path>; adam.m.<path>, adam.v.<path>, adam.step; another optimiser’s are refused', () =>
    tf.tidy(() => {
      const parameters = makeParameters();
      const [a, b] = [sgd(), adam()];
      run(a, parameters, 0, 1);
      run(b, parameters, 0, 1);
      expect([...a.state().keys()]).toEqual(['momentum.conv1.weight', 'momentum.bn1.bias']);
      expect([...b.state().keys()]).toEqual([
        'adam.m.conv1.weight',
        'adam.m.bn1.bias',
        'adam.v.conv1.weight',
        'adam.v.bn1.bias',
        'adam.step',
      ]);
      expect(() => a.restore(b.state())).toThrow(/sgd: the state must be of SGD \(momentum.<parameter>\), got "adam.m.conv1.weight"/);
      expect(() => b.restore(new Map([['momentum.x', tf.zeros([1])]]))).toThrow(/adam: the state must be of Adam/);
      for (const optimizer of [a, b]) optimizer.dispose();
      disposeAll(parameters);
    }));

  it('refuses a gradient of another shape, and a state of another network', () =>
    tf.tidy(() => {
      const parameters = makeParameters();
      const optimizer = sgd();
      expect(() => optimizer.step(parameters, new Map([['bn1.bias', tf.ones([4])]]), 0.1)).toThrow(/gradient of bn1.bias \[4\].*got \[3\]/);
      expect(() => optimizer.step(parameters, new Map([['bn9.bias', tf.ones([4])]]), 0.1)).toThrow(/got none/);
      optimizer.restore(new Map([['momentum.bn1.bias', tf.ones([4])]]));
      expect(() => optimizer.step(parameters, new Map([['bn1.bias', tf.ones([3])]]), 0.1)).toThrow(/state is of another network/);
      optimizer.dispose();
      disposeAll(parameters);
    }));

  it('is SGD with the authors’ setting by default', () => {
    expect(optimizerOptions.parse({})).toEqual({ name: 'sgd', learningRate: 0.03, momentum: 0.9, weightDecay: 1e-4 });
    expect(optimizerOptions.parse({ momentum: 0 })).toMatchObject({ name: 'sgd', momentum: 0 });
    expect(optimizerOptions.parse({ name: 'adam' })).toMatchObject({ learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    expect(optimizerOptions.safeParse({ name: 'adam', momentum: 0.9 }).success).toBe(false);
    const optimizer = createOptimizer(optimizerOptions.parse({ name: 'adam' }));
    expect([...optimizer.state().keys()]).toEqual(['adam.step']);
    optimizer.dispose();
  });
});
