import * as tf from '@tensorflow/tfjs-core';

/**
 * The values of what `compute` gives, everything else that it made disposed of. Not `tf.tidy(() => compute().dataSync())`: tidy looks for
 * tensors in what is returned and so visits every number of an array, a microsecond or more each (findings/tfjs-tidy-walks-arrays.sh).
 */
export function valuesOf(compute: () => tf.Tensor): Float32Array {
  const tensor = tf.tidy(compute);
  try {
    return tensor.dataSync<'float32'>();
  } finally {
    tensor.dispose();
  }
}
