import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { type BatchNormStatistics, batchNormBackward, batchNormForward } from './batchNormComposite.js';
import { differentiable } from './differentiable.js';
import { hasNativeKernel, runKernels } from './nativeKernel.js';

export interface BatchNormOptions<T extends tf.Tensor = tf.Tensor> {
  /** True: normalise by the batch's statistics and update the running ones. False: use the running ones. */
  isTraining: boolean;
  /** Statistics are taken over each of so many equal parts of the batch; 2 = both views in one batch, as two passes would. */
  groups?: number;
  epsilon?: number;
  /** Weight of the new statistics in the running ones. */
  momentum?: number;
  /** Added after the normalisation and before the ReLU; the shape of x. */
  residual?: T;
  relu?: boolean;
}

/**
 * Batch normalisation over the last axis (Ioffe & Szegedy 2015), with the residual connection and ReLU that follow it:
 * `y = relu(gamma (x - mean) / sqrt(variance + epsilon) + beta + residual)`, PyTorch's semantics.
 *
 * In training the mean and the biased variance are those of each group of rows, and `runningMean`, `runningVariance` (unbiased) are
 * updated in place once a group, in order: `running = (1 - momentum) running + momentum batch`. Differentiable by x, gamma, beta, residual.
 *
 * Native kernels (training only; C = last axis, G = groups; rows n = x.size / C / G, contiguous groups of axis 0):
 * - `AudiosslBatchNorm`: inputs x, gamma [C], beta [C], runningMean [C], runningVariance [C], residual? (x's shape); attrs groups,
 *   epsilon, momentum, relu; outputs [y (x's shape), mean [G, C], inverseDeviation [G, C] = 1 / sqrt(variance + epsilon)].
 *   It updates the data of runningMean and runningVariance in place. Statistics in float32 whatever x is stored in.
 * - `AudiosslBatchNormGrad`: inputs dy, x, gamma, mean, inverseDeviation, y? (given when relu); attrs groups, relu, hasResidual;
 *   outputs [dx, dGamma [C], dBeta [C]], and dResidual last when hasResidual. With g = dy where y > 0 else 0 (relu), or dy:
 *   dBeta = sum g, dGamma = sum g xHat (sums over all groups), dResidual = g and, with sums over the group,
 *   dx = gamma inverseDeviation (g - sum(g) / n - xHat sum(g xHat) / n), xHat = (x - mean) inverseDeviation.
 *   Without relu dResidual may share dy's data (a reference more).
 * - `AudiosslBatchNormAgain`: inputs x, gamma, beta, mean, inverseDeviation; attrs groups, relu; output y, with the bits that
 *   `AudiosslBatchNorm` without a residual gave it. Where a backend has it, its `AudiosslBatchNormGrad` takes beta in place of y.
 * Saved for backward: x, gamma, mean, inverseDeviation, and y (or beta) with relu. Each is disposed of as soon as the backward kernel has run.
 *
 * @param x `[batch, ..., channel]`, rank 2 or 4
 * @param gamma scale, `[channel]`; `beta` shift; `runningMean`, `runningVariance` variables, not differentiated
 */
export function batchNorm<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  runningMean: tf.Variable,
  runningVariance: tf.Variable,
  { isTraining, groups = 1, epsilon = 1e-5, momentum = 0.1, residual, relu = false }: BatchNormOptions<T>,
): T {
  if (!isTraining) return normaliseByRunning(x, gamma, beta, runningMean, runningVariance, { epsilon, residual, relu });
  const rows = x.size / x.shape[x.rank - 1] / groups;
  if (x.shape[0] % groups !== 0 || rows < 2) {
    throw new AudiosslError(
      `batchNorm: ${groups} group${groups === 1 ? '' : 's'} of the batch must be equal and have 2 values a channel or more, ` +
        `got x [${x.shape}]; use a larger batch`,
    );
  }
  // What a ReLU let through follows from y, or from x and beta where no residual came between.
  const masksByInput = relu && residual === undefined && hasNativeKernel('AudiosslBatchNormAgain');
  return differentiable(residual === undefined ? [x, gamma, beta] : [x, gamma, beta, residual], (save) => {
    const { y, mean, inverseDeviation } = forward();
    save([x, gamma, mean, inverseDeviation, ...(relu ? [masksByInput ? beta : y] : [])]);
    return { value: y as T, backward };
  });

  function forward(): { y: tf.Tensor } & BatchNormStatistics {
    if (!hasNativeKernel('AudiosslBatchNorm')) {
      return batchNormForward(x, gamma, beta, runningMean, runningVariance, { groups, epsilon, momentum, residual, relu });
    }
    const inputs = { x, gamma, beta, runningMean, runningVariance, residual };
    const [y, mean, inverseDeviation] = runKernels('AudiosslBatchNorm', inputs, { groups, epsilon, momentum, relu });
    return { y, mean, inverseDeviation };
  }

  function backward(dy: tf.Tensor, [x, gamma, mean, inverseDeviation, mask]: tf.Tensor[]): tf.Tensor[] {
    const hasResidual = residual !== undefined;
    const inputs = { dy, x, gamma, mean, inverseDeviation, [masksByInput ? 'beta' : 'y']: mask };
    return hasNativeKernel('AudiosslBatchNormGrad')
      ? runKernels('AudiosslBatchNormGrad', inputs, { groups, relu, hasResidual })
      : batchNormBackward(inputs, { groups, hasResidual });
  }
}

/** Evaluation mode: an affine map a channel, in plain ops that tfjs differentiates. */
function normaliseByRunning<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  runningMean: tf.Tensor,
  runningVariance: tf.Tensor,
  { epsilon, residual, relu }: { epsilon: number; residual?: T; relu: boolean },
): T {
  return tf.tidy(() => {
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(runningVariance, epsilon)));
    const normalised = tf.add(tf.mul(x, scale), tf.sub(beta, tf.mul(runningMean, scale)));
    const sum = residual === undefined ? normalised : tf.add(normalised, residual);
    return (relu ? tf.relu(sum) : sum) as T;
  });
}
