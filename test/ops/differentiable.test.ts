import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { differentiable } from '../../src/ops/differentiable.js';
import { availableBackends } from '../support/backends.js';

/** x^2 that notes how many tensors are alive when its backward runs. */
function square(x: tf.Tensor, alive: number[] = []): tf.Tensor {
  return differentiable([x], (save) => {
    save([x]);
    return {
      value: tf.square(x),
      backward: (dy, [x]) => {
        alive.push(tf.memory().numTensors);
        return [tf.mul(dy, tf.mul(x, 2))];
      },
    };
  });
}

describe.each(availableBackends)('differentiable on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('disposes of gradients and saved activations on the way back, not at its end', () => {
    const alive: number[] = [];
    tf.tidy(() => {
      const x = tf.tensor1d([1.1, 0.9]);
      const grad = tf.grad((x: tf.Tensor) => {
        let y = x;
        for (let i = 0; i < 5; i++) y = square(y, alive);
        return y;
      })(x);
      // d x^32 / dx
      expect(grad.dataSync()).toBeAllClose([32 * 1.1 ** 31, 32 * 0.9 ** 31], { rtol: 1e-5 });
    });
    expect(alive).toHaveLength(5);
    // Every layer frees its saved x: one tensor fewer at each step of the way.
    for (let i = 1; i < alive.length; i++) expect(alive[i]).toBeLessThan(alive[i - 1]);
  });

  it('leaves the caller’s dy alone, and a residual path that returns dy itself', () => {
    tf.tidy(() => {
      const dy = tf.tensor1d([2, 3]);
      const pass = (x: tf.Tensor): tf.Tensor => differentiable([x], () => ({ value: tf.mul(x, 1), backward: (dy) => [dy] }));
      const grad = tf.grad((x: tf.Tensor) => pass(tf.mul(pass(pass(x)), 2)))(tf.tensor1d([1, 1]), dy);
      expect(grad.dataSync()).toBeAllClose([4, 6], {});
      expect(dy.isDisposed).toBe(false);
      expect(dy.dataSync()).toBeAllClose([2, 3], {});
    });
  });

  it('keeps what gradients of gradients read again', () => {
    tf.tidy(() => {
      const first = tf.grad((x: tf.Tensor) => square(square(square(x))));
      const second = tf.grad((x: tf.Tensor) => first(x))(tf.tensor1d([2]));
      // d2 x^8 / dx2
      expect(second.dataSync()).toBeAllClose([56 * 64], { rtol: 1e-6 });
    });
  });
});
