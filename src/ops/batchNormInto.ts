import type * as tf from '@tensorflow/tfjs-core';
import { type BatchNormOptions, batchNorm } from './batchNorm.js';
import type { BatchNormTensors } from './convBatchNorm.js';
import { differentiable } from './differentiable.js';
import { hasNativeKernel, runKernel, runKernels } from './nativeKernel.js';
import { applyReader, type Reader } from './reader.js';

/**
 * Batch norm with ReLU, read by one other op alone: `reader(relu(batchNorm(x)))`.
 *
 * In training, on a backend that has `AudiosslBatchNormAgain` (see `batchNorm`), the normalised images are not kept: backward makes them
 * again, with the same bits, from x, which it needs anyway. That is half of what such a pair of layers holds for one more pass over it.
 *
 * @param x `[batch, time, mel, channel]`
 */
export function batchNormInto(
  x: tf.Tensor4D,
  { gamma, beta, runningMean, runningVariance }: BatchNormTensors,
  { isTraining, groups = 1, epsilon = 1e-5, momentum = 0.1 }: Pick<BatchNormOptions, 'isTraining' | 'groups' | 'epsilon' | 'momentum'>,
  reader: Reader,
): tf.Tensor4D {
  const scale = gamma as tf.Tensor1D;
  const shift = beta as tf.Tensor1D;
  if (!isTraining || !hasNativeKernel('AudiosslBatchNormAgain')) {
    const options = { isTraining, groups, epsilon, momentum, relu: true };
    return applyReader(batchNorm(x, scale, shift, runningMean, runningVariance, options), reader);
  }
  const { inputs, savesValue } = reader;
  return differentiable([x, scale, shift, ...inputs], (save) => {
    const given = { x, gamma, beta, runningMean, runningVariance };
    const [y, mean, inverseDeviation] = runKernels('AudiosslBatchNorm', given, { groups, epsilon, momentum, relu: true });
    const value = reader.run(y as tf.Tensor4D);
    save([x, gamma, beta, mean, inverseDeviation, ...inputs, ...(savesValue ? [value] : [])]);
    return { value, backward };
  });

  function backward(dValue: tf.Tensor4D, [x, gamma, beta, mean, inverseDeviation, ...saved]: tf.Tensor[]): tf.Tensor[] {
    const statistics = { x, gamma, beta, mean, inverseDeviation };
    const y = runKernel<tf.Tensor4D>('AudiosslBatchNormAgain', statistics, { groups, relu: true });
    const others = saved as tf.Tensor4D[];
    const [dy, ...gradients] = reader.backward(dValue, y, others.slice(0, inputs.length), others[inputs.length]);
    y.dispose();
    return [...runKernels('AudiosslBatchNormGrad', { dy, ...statistics }, { groups, relu: true, hasResidual: false }), ...gradients];
  }
}
