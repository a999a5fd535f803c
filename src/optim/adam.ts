import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { adamStep } from '../ops/adamStep.js';
import { AudiosslError } from '../util/errors.js';
import type { Optimizer } from './optimizer.js';
import { createSlots, matchGradients } from './slots.js';

export const adamOptions = z.strictObject({
  name: z.literal('adam').describe('Adam'),
  learningRate: z.number().positive().default(0.001).describe('base rate; the schedule changes it over the epochs'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('decay of the mean of the gradients'),
  beta2: z.number().min(0).lt(1).default(0.999).describe('decay of the mean of the squared gradients'),
  epsilon: z.number().positive().default(1e-8).describe('added to the root in the denominator'),
  weightDecay: z.number().min(0).default(0.001).describe('added to every gradient times the parameter (coupled)'),
});
export type AdamOptions = z.infer<typeof adamOptions>;

/**
 * Adam (Kingma & Ba 2015) as PyTorch's, weight decay coupled; defaults of the supervised authors. State: `adam.m.<path>` and
 * `adam.v.<path>` (means of the gradients and of their squares) and `adam.step`, a scalar, exact up to 2^24 steps.
 *
 * @example
 * ```ts
 * import { adam, tf } from 'audiossl';
 * const w = tf.variable(tf.tensor1d([1]));
 * adam({ weightDecay: 0 }).step(new Map([['w', w]]), new Map([['w', tf.tensor1d([5])]]), 0.1);
 * w; // => [0.9]
 * ```
 */
export function adam(options: Partial<Omit<AdamOptions, 'name' | 'learningRate'>> = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.001 } = options;
  const first = createSlots('adam.m');
  const second = createSlots('adam.v');
  const counter = createSlots('adam');
  let numSteps = 0;
  const dispose = (): void => {
    for (const slots of [first, second, counter]) slots.dispose();
    numSteps = 0;
  };
  return {
    step(parameters, gradients, learningRate) {
      const entries = matchGradients(parameters, gradients).map(({ path, parameter, gradient }) => ({
        parameter,
        gradient,
        first: first.get(path, parameter),
        second: second.get(path, parameter),
      }));
      numSteps++;
      adamStep(entries, { learningRate, beta1, beta2, epsilon, weightDecay, step: numSteps });
    },
    state() {
      tf.tidy(() => counter.set('step', tf.scalar(numSteps)));
      return new Map<string, tf.Tensor>([...first.state(), ...second.state(), ...counter.state()]);
    },
    restore(state) {
      dispose();
      for (const [name, tensor] of state) {
        if (name === 'adam.step') numSteps = tensor.dataSync()[0];
        else if (name.startsWith('adam.m.')) first.set(name.slice('adam.m.'.length), tensor);
        else if (name.startsWith('adam.v.')) second.set(name.slice('adam.v.'.length), tensor);
        else throw new AudiosslError(`adam: the state must be of Adam (adam.m.<parameter>, adam.v.<parameter>, adam.step), got "${name}"`);
      }
    },
    dispose,
  };
}
