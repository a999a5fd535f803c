import * as tf from '@tensorflow/tfjs-core';
import { unitRows } from '../eval/unitRows.js';
import { AudiosslError } from '../util/errors.js';
import { TopK } from '../util/topK.js';

export interface ClipNeighbours {
  /** The nearest clips of other groups, nearest first: `[n][numNeighbours]`. */
  clips: Uint32Array[];
  /** Their cosines. */
  cosines: Float32Array[];
}

/**
 * The nearest clips of each clip by cosine, those of its own group left out: another take of one recording would only repeat its label.
 * Products run on the current backend in blocks of `blockRows` rows, so memory is one block beside the embeddings.
 * @param embeddings `[n, dim]` row-major
 */
export async function clipNeighbours({
  embeddings,
  dim,
  groups,
  numNeighbours,
  isLeftOut,
  blockRows = 512,
  onProgress,
}: {
  embeddings: Float32Array;
  dim: number;
  groups: readonly string[];
  numNeighbours: number;
  /** Clips that ask and are not asked. */
  isLeftOut?: readonly boolean[];
  blockRows?: number;
  onProgress?: (done: number, total: number) => void;
}): Promise<ClipNeighbours> {
  const n = groups.length;
  if (embeddings.length !== n * dim) throw new AudiosslError(`clipNeighbours: needs ${n} rows of ${dim} values, got ${embeddings.length}`);
  const rows = Float32Array.from(unitRows(embeddings, dim));
  const bank = tf.tidy(() => tf.transpose(tf.tensor2d(rows, [n, dim])));
  const best = new TopK(Math.min(numNeighbours, n));
  const result: ClipNeighbours = { clips: [], cosines: [] };
  try {
    for (let first = 0; first < n; first += blockRows) {
      const count = Math.min(blockRows, n - first);
      const product = tf.tidy(() => tf.matMul(tf.tensor2d(rows.subarray(first * dim, (first + count) * dim), [count, dim]), bank));
      const cosines = await product.data<'float32'>();
      product.dispose();
      for (let row = 0; row < count; row++) {
        const group = groups[first + row];
        best.clear();
        best.addRow(cosines, row * n, n, (clip) => groups[clip] === group || isLeftOut?.[clip] === true);
        if (best.size === 0) throw new AudiosslError(`clipNeighbours: clips of at least 2 groups are needed, all are of ${group}`);
        const at = (clip: number) => cosines[row * n + clip];
        const nearest = best
          .indices()
          .slice()
          .sort((a, b) => at(b) - at(a) || a - b);
        result.clips.push(nearest);
        result.cosines.push(Float32Array.from(nearest, at));
      }
      onProgress?.(first + count, n);
      await new Promise(setImmediate);
    }
  } finally {
    bank.dispose();
  }
  return result;
}
