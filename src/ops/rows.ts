import * as tf from '@tensorflow/tfjs-core';

/** Rows shorter than this have no direction: they count as zero and get no gradient. PyTorch's `normalize` has the same bound. */
const shortestNorm = 1e-12;

/** L2-normalised rows and what the way back needs. */
export interface NormalisedRows {
  /** `[rows, dim]` */
  unit: tf.Tensor2D;
  /** `[rows, 1]`: 1 / length, 0 for rows without direction. */
  inverseNorm: tf.Tensor2D;
}

/** Divides each row by its length, at any scale of the values (the largest one is divided out before squares are taken). */
export function normaliseRows(x: tf.Tensor2D): NormalisedRows {
  const largest = tf.maximum(tf.max(tf.abs(x), 1, true), shortestNorm);
  const scaled = tf.div(x, largest);
  const norm = tf.mul(tf.sqrt(tf.sum(tf.square(scaled), 1, true)), largest);
  const inverseNorm = tf.div(tf.step(tf.sub(norm, shortestNorm)), tf.maximum(norm, shortestNorm)) as tf.Tensor2D;
  return { unit: tf.mul(x, inverseNorm), inverseNorm };
}

/** dL/dunit -> dL/dx: the part at right angles to the row, over its length. */
export function normaliseRowsBackward(dUnit: tf.Tensor2D, { unit, inverseNorm }: NormalisedRows): tf.Tensor2D {
  const along = tf.sum(tf.mul(dUnit, unit), 1, true);
  return tf.mul(tf.sub(dUnit, tf.mul(unit, along)), inverseNorm);
}

/** Masks `[anchor, candidate]` of 0 and 1. */
export interface PairMasks {
  isSelf: tf.Tensor2D;
  /** Same label, not the anchor itself. */
  isPositive: tf.Tensor2D;
  isNegative: tf.Tensor2D;
}

export function pairMasks(labels: tf.Tensor1D): PairMasks {
  const rows = labels.size;
  const index = tf.range(0, rows, 1, 'int32');
  const equalTo = (values: tf.Tensor1D): tf.Tensor2D =>
    tf.cast(tf.equal(tf.reshape(values, [rows, 1]), tf.reshape(values, [1, rows])), 'float32');
  const isSelf = equalTo(index);
  const hasSameLabel = equalTo(labels);
  return { isSelf, isPositive: tf.sub(hasSameLabel, isSelf), isNegative: tf.sub(1, hasSameLabel) };
}

/** Labels of `pairs` first views followed by their second views: 0 .. pairs - 1, twice. */
export function pairLabels(pairs: number): tf.Tensor1D {
  return tf.tensor1d(
    Int32Array.from({ length: 2 * pairs }, (_, i) => i % pairs),
    'int32',
  );
}
