import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { differentiable } from '../ops/differentiable.js';
import { flatPlaces } from '../ops/flatPlaces.js';
import { stopGradient } from '../ops/scaleGradient.js';
import { softplus } from '../ops/softplus.js';
import { weightedLogSumExp } from '../ops/weightedLogSumExp.js';
import { AudiosslError } from '../util/errors.js';
import { checkOptions, defineLoss } from './defineLoss.js';
import { countPositives, meanOverAnchors } from './meanOverAnchors.js';
import { cosines, type DrawnPairs, memoryPairs, type Pairs } from './pairs.js';
import { temperature } from './temperature.js';

const keys = {
  temperature: temperature(0.1),
  meanExponential: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe(
      "Z / N, the mean of exp(cosine / temperature) over what an anchor is compared with: estimated once; null = each anchor's own",
    ),
};
type Options = z.output<z.ZodObject<typeof keys>>;

export type NceOptions = z.input<z.ZodObject<typeof keys>>;

/** `loss.name: nce`. The negatives of an anchor are its noise; without `meanExponential` Z / N is the mean over what they were drawn from. */
export const nce = defineLoss({
  name: 'nce',
  description: 'noise-contrastive estimation: tells the positive from noise, pair by pair',
  options: keys,
  compute: (pairs, options) => tf.tidy(() => nceOf(pairs, options)),
});

/**
 * Noise-contrastive estimation with a memory bank (Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance
 * Discrimination", equations 4 to 7; the two-view survey calls it InfoNCE), mean over rows: with `P(i|x) = exp(v_i x / temperature) / Z`
 * over the N rows v of the memory, `m` noise rows a row and `P_n = 1 / N`, `h = P / (P + m P_n)` and
 * `L = -log h(positive) - sum over noise of log(1 - h)`. The survey writes the second term as -m times an expectation, the same number. Z is
 * a constant of the gradient: computed over the whole memory for each row, or, as the authors do, estimated once and given as
 * `meanExponential` (Z / N).
 *
 * @param embeddings `[n, dim]`, of any length
 * @param memory `[N, dim]`, gets no gradient unless it is asked for
 * @param drawn `positives`: int32 `[n]`, each row's place in the memory; `noise`: int32 `[n, m]`, places drawn at random
 *
 * @example
 * ```ts
 * import { nceLoss, tf } from 'audiossl';
 * const [embeddings, memory] = [tf.tensor2d([[1, 0]]), tf.tensor2d([[1, 0], [0, 1], [-1, 0]])];
 * const loss = nceLoss(embeddings, memory, { positives: tf.tensor1d([0], 'int32'), noise: tf.tensor2d([[1, 2]], [1, 2], 'int32') });
 * Number.isFinite(loss.dataSync()[0]); // => true
 * ```
 */
export function nceLoss(
  embeddings: tf.Tensor2D,
  memory: tf.Tensor2D,
  { positives, noise }: { positives: tf.Tensor1D; noise: tf.Tensor2D },
  options: NceOptions = {},
): tf.Scalar {
  const checked = checkOptions('nceLoss', nce, options);
  const n = embeddings.shape[0];
  if (memory.rank !== 2 || memory.shape[1] !== embeddings.shape[1] || memory.shape[0] < 2) {
    throw new AudiosslError(`nceLoss: memory must be [N, ${embeddings.shape[1]}] with N >= 2, got [${memory.shape}]`);
  }
  if (positives.dtype !== 'int32' || noise.dtype !== 'int32' || positives.size !== n || noise.shape[0] !== n || noise.size < n) {
    throw new AudiosslError(
      `nceLoss: positives must be int32 [${n}] and noise int32 [${n}, m] with m >= 1, got [${positives.shape}] of ${positives.dtype} and [${noise.shape}] of ${noise.dtype}`,
    );
  }
  const outside = [...positives.dataSync(), ...noise.dataSync()].find((place) => place < 0 || place >= memory.shape[0]);
  if (outside !== undefined) {
    throw new AudiosslError(`nceLoss: positives and noise must be places 0 .. ${memory.shape[0] - 1} of the memory, got ${outside}`);
  }
  return tf.tidy(() => nceOf(memoryPairs(embeddings, memory, { positives, noise }), checked));
}

/** h is the sigmoid of `u = cosine / temperature - log(m Z / N)`. */
function nceOf(pairs: Pairs, options: Options): tf.Scalar {
  if (pairs.drawn !== undefined) return tf.mean(nceOfDrawn(cosines(pairs), pairs.drawn, options));
  const { temperature, meanExponential } = options;
  const { isPositive, isNegative, population = tf.add<tf.Tensor2D>(isPositive, isNegative) } = pairs;
  const logits = tf.div<tf.Tensor2D>(cosines(pairs), temperature);
  const numNoise = tf.maximum(tf.sum(isNegative, 1), 1);
  const logMean =
    meanExponential === null
      ? tf.sub(stopGradient(weightedLogSumExp(logits, population)), tf.log(tf.maximum(tf.sum(population, 1), 1)))
      : tf.scalar(Math.log(meanExponential));
  const u = tf.sub(logits, tf.expandDims(tf.add(logMean, tf.log(numNoise)), 1));
  const { divisor, hasPositive } = countPositives(isPositive);
  const ofPositives = tf.div(tf.sum(tf.mul(softplus(tf.neg(u)), isPositive), 1), divisor);
  const ofNoise = tf.sum(tf.mul(softplus(u), isNegative), 1);
  return meanOverAnchors(tf.add(ofPositives, ofNoise), hasPositive);
}

/**
 * Of each anchor, by the places of its positive and its noise: all candidates are looked at for Z alone, and nothing of their size is kept
 * for the gradient, which reaches the drawn ones only.
 *
 * @param cosine `[anchor, candidate]`
 */
function nceOfDrawn(cosine: tf.Tensor2D, { positives, noise }: DrawnPairs, { temperature, meanExponential }: Options): tf.Tensor1D {
  const [n, numCandidates] = cosine.shape;
  return differentiable([cosine], (save) => {
    const logits = tf.div<tf.Tensor2D>(cosine, temperature);
    const logMean = meanExponential === null ? tf.sub(tf.logSumExp(logits, 1, true), Math.log(numCandidates)) : Math.log(meanExponential);
    const places = flatPlaces(tf.concat([tf.expandDims(positives, 1), noise], 1), numCandidates);
    const picked = tf.reshape(tf.gather(tf.reshape(logits, [-1]), tf.squeeze(places, [1])), [n, -1]);
    const u = tf.sub(picked, tf.add(logMean, Math.log(noise.shape[1])));
    // log(1 + exp(-u)) of the positive, log(1 + exp(u)) of the noise.
    const sign = tf.concat([tf.fill([1, 1], -1), tf.ones([1, noise.shape[1]])], 1);
    const signed = tf.mul(u, sign);
    save([tf.mul(tf.sigmoid(signed), tf.div(sign, temperature)), places]);
    return {
      value: tf.sum<tf.Tensor1D>(softplus(signed), 1),
      backward: (dy, [slopes, places]) => {
        const ofPicked = tf.mul(slopes, tf.expandDims(dy, 1));
        const summed = tf.scatterND(places as tf.Tensor2D, tf.reshape(ofPicked, [-1]), [n * numCandidates]);
        return [tf.reshape(summed, [n, numCandidates])];
      },
    };
  });
}
