import type * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';

/**
 * Throws unless there are 2 rows or more with an int32 label each, one label stands at two rows (else there is no positive) and, for
 * losses that need them, there are two labels (else there is no negative).
 */
export function requireLabels(
  who: string,
  embeddings: tf.Tensor2D,
  labels: tf.Tensor1D,
  { needsNegatives }: { needsNegatives: boolean },
): void {
  const rows = embeddings.shape[0];
  if (embeddings.rank !== 2 || rows < 2 || labels.rank !== 1 || labels.dtype !== 'int32' || labels.size !== rows) {
    throw new AudiosslError(
      `${who}: needs embeddings [rows, dim] with 2 rows or more and a label of type int32 each, got [${embeddings.shape}] and [${labels.shape}] of ${labels.dtype}`,
    );
  }
  const values = labels.dataSync();
  const distinct = new Set(values).size;
  if (distinct === rows) {
    throw new AudiosslError(`${who}: a label must stand at two rows at least, got ${rows} rows of ${rows} labels: there are no positives`);
  }
  if (needsNegatives && distinct === 1) {
    throw new AudiosslError(
      `${who}: labels must be of two classes or more, got ${rows} rows of label ${values[0]}: there are no negatives`,
    );
  }
}
