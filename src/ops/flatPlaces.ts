import * as tf from '@tensorflow/tfjs-core';

/** Columns of each row, int32 `[rows, k]`, as places of the rows laid end to end: int32 `[rows x k, 1]`, as `tf.scatterND` takes them. */
export function flatPlaces(columns: tf.Tensor2D, numColumns: number): tf.Tensor2D {
  const starts = tf.range(0, columns.shape[0] * numColumns, numColumns, 'int32');
  return tf.reshape(tf.add(columns, tf.expandDims(starts, 1)), [-1, 1]);
}
