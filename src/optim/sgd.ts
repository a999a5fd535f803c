import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { sgdStep } from '../ops/sgdStep.js';
import type { Optimizer } from './optimizer.js';
import { createSlots, matchGradients } from './slots.js';

export const sgdOptions = z.strictObject({
  name: z.literal('sgd').default('sgd').describe('stochastic gradient descent with momentum'),
  learningRate: z.number().positive().default(0.03).describe('base rate; the schedule changes it over the epochs'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('share of the last update that is kept'),
  weightDecay: z
    .number()
    .min(0)
    .default(1e-4)
    .describe('added to every gradient times the parameter: all trainable ones, as the authors do'),
});
export type SgdOptions = z.infer<typeof sgdOptions>;

/**
 * SGD as PyTorch's: `v = momentum v + (g + weightDecay w)`, `w = w - learningRate v`; no dampening, no Nesterov. State: `momentum.<path>`.
 *
 * @example
 * ```ts
 * import { sgd, tf } from 'audiossl';
 * const w = tf.variable(tf.tensor1d([1]));
 * sgd({ weightDecay: 0 }).step(new Map([['w', w]]), new Map([['w', tf.tensor1d([5])]]), 0.1);
 * w; // => [0.5]
 * ```
 */
export function sgd({ momentum = 0.9, weightDecay = 1e-4 }: Partial<Pick<SgdOptions, 'momentum' | 'weightDecay'>> = {}): Optimizer {
  const slots = createSlots('momentum');
  return {
    step(parameters, gradients, learningRate) {
      const entries = matchGradients(parameters, gradients).map(({ path, parameter, gradient }) => ({
        parameter,
        gradient,
        momentum: slots.get(path, parameter),
      }));
      sgdStep(entries, { learningRate, momentum, weightDecay });
    },
    state: () => new Map<string, tf.Tensor>(slots.state()),
    restore: (state) => slots.restore(state, 'sgd: the state must be of SGD'),
    dispose: () => slots.dispose(),
  };
}
