import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { sgdStep } from '../ops/sgdStep.js';
import type { Optimizer } from './optimizer.js';
import { createSlots, matchGradients } from './slots.js';

export const larsOptions = z.strictObject({
  name: z.literal('lars').describe('SGD with a rate of its own for every layer (You et al. 2017), for large batches'),
  learningRate: z
    .number()
    .positive()
    .default(0.15)
    .describe('base rate; the schedule changes it over the epochs. SimCLR takes 0.3 x clips of a batch / 256, with a warm-up and a cosine'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('share of the last update that is kept'),
  weightDecay: z
    .number()
    .min(0)
    .default(1e-6)
    .describe('added to the gradients times the parameter, but for biases and batch norm; SimCLR takes 1e-6, BYOL 1.5e-6'),
  trustCoefficient: z
    .number()
    .positive()
    .default(0.001)
    .describe("length of a layer's update at a rate of 1, as a share of the length of its weights"),
});
export type LarsOptions = z.infer<typeof larsOptions>;

/**
 * Layer-wise adaptive rate scaling (You et al. 2017, algorithm 1) as SimCLR and BYOL have it: for every weight matrix or filter
 * `g += weightDecay w`, `v = momentum v + learningRate trustCoefficient |w| / |g| g`, `w -= v`, with lengths over all of its values and a
 * ratio of 1 where one of them is 0. Biases, scales and shifts of batch norm (all that is a vector) have neither decay nor a ratio:
 * `v = momentum v + learningRate g`. The paper divides by `|g| + weightDecay |w|` before the decay is added. The rate is inside of the
 * velocity, unlike in PyTorch's SGD: a rate that falls does not slow what is under way. State: `lars.velocity.<path>`.
 *
 * @example
 * ```ts
 * import { lars, tf } from 'audiossl';
 * const w = tf.variable(tf.tensor2d([[3, 4]]));
 * lars({ weightDecay: 0, trustCoefficient: 0.1 }).step(new Map([['w', w]]), new Map([['w', tf.tensor2d([[0, 9]])]]), 1);
 * w; // => [[3, 3.5]]
 * ```
 */
export function lars(options: Partial<Omit<LarsOptions, 'name' | 'learningRate'>> = {}): Optimizer {
  const { momentum = 0.9, weightDecay = 1e-6, trustCoefficient = 0.001 } = options;
  const slots = createSlots('lars.velocity');
  return {
    step(parameters, gradients, learningRate) {
      for (const { path, parameter, gradient } of matchGradients(parameters, gradients)) {
        const velocity = slots.get(path, parameter);
        tf.tidy(() => {
          const own = parameter.rank > 1 ? adapted(parameter, gradient, { weightDecay, trustCoefficient }) : gradient;
          const update = tf.mul(own, learningRate);
          // One layer at a time: scaled gradients of all would be as large as the network.
          sgdStep([{ parameter, gradient: update, momentum: velocity }], { learningRate: 1, momentum, weightDecay: 0 });
        });
      }
    },
    state: () => new Map<string, tf.Tensor>(slots.state()),
    restore: (state) => slots.restore(state, 'lars: the state must be of LARS'),
    dispose: () => slots.dispose(),
  };
}

const norm = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.sum(tf.square(x)));

/** The update of a matrix or filter at a rate of 1, without momentum. All on the backend: no length is read. */
function adapted(
  parameter: tf.Tensor,
  gradient: tf.Tensor,
  { weightDecay, trustCoefficient }: Pick<LarsOptions, 'weightDecay' | 'trustCoefficient'>,
): tf.Tensor {
  const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(parameter, weightDecay));
  const [weights, length] = [norm(parameter), norm(decayed)];
  const ratio = tf.mul(tf.div(weights, length), trustCoefficient);
  return tf.mul(decayed, tf.where(tf.greater(tf.mul(weights, length), 0), ratio, tf.onesLike(ratio)));
}
