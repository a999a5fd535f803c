import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { Rng } from '../util/rng.js';
import { differentiable } from './differentiable.js';

/** What names the masks of one training step: the same key gives the same masks, on every backend and after a resume. */
export interface DropoutKey {
  seed: number;
  /** Optimiser updates done so far, or any other count that no two steps share. */
  step: number;
  /** Of a batch that several ranks share: the rows of each view that are here. The masks are those of the whole batch. */
  part?: { first: number; rows: number; of: number };
}

/** Values that one 32-bit word decides on: 16 bits each. */
const VALUES_PER_WORD = 2;
const RESOLUTION = 2 ** 16;

/**
 * Dropout (Srivastava et al. 2014) as PyTorch's in training: each value is set to 0 with probability `rate`, the others are divided by
 * 1 - rate. The mask is counter-based, named by (seed, step, layer): value i takes the i-th half word of the stream, the low half first,
 * and is dropped where that is below `rate` x 65536.
 *
 * @param layer name of the place in the network, so that two layers of a step have masks of their own
 */
export function dropout<T extends tf.Tensor>(x: T, { rate, layer, key }: { rate: number; layer: string; key: DropoutKey }): T {
  if (!(rate >= 0 && rate < 1)) throw new AudiosslError(`dropout: rate must be in 0 .. 1, 1 excluded, got ${rate}`);
  return differentiable([x], (save) => {
    const mask = tf.tensor(maskOfPart(x.shape, { rate, layer, key }), x.shape);
    save([mask]);
    return { value: tf.mul<T>(x, mask), backward: (dy, [mask]) => [tf.mul(dy, mask)] };
  });
}

/** The mask of the rows that are here, of each view. */
function maskOfPart(shape: readonly number[], named: { rate: number; layer: string; key: DropoutKey }): Float32Array {
  const size = tf.util.sizeFromShape([...shape]);
  const { part } = named.key;
  if (part === undefined) return dropoutMask(size, named);
  const views = shape[0] / part.rows;
  const ofRow = size / shape[0];
  const whole = dropoutMask(views * part.of * ofRow, named);
  const mask = new Float32Array(size);
  for (let view = 0; view < views; view++) {
    const from = (view * part.of + part.first) * ofRow;
    mask.set(whole.subarray(from, from + part.rows * ofRow), view * part.rows * ofRow);
  }
  return mask;
}

/** `size` values, each 0 or 1 / (1 - rate). */
export function dropoutMask(
  size: number,
  { rate, layer, key: { seed, step } }: { rate: number; layer: string; key: DropoutKey },
): Float32Array {
  const rng = new Rng({ seed, clip: step, purpose: `dropout.${layer}` });
  const threshold = Math.round(rate * RESOLUTION);
  const kept = 1 / (1 - rate);
  const mask = new Float32Array(size);
  for (let i = 0; i < size; i += VALUES_PER_WORD) {
    const word = rng.uint32();
    // Writes past the end of a typed array are ignored, which is what an odd size needs.
    mask[i] = (word & 0xffff) < threshold ? 0 : kept;
    mask[i + 1] = word >>> 16 < threshold ? 0 : kept;
  }
  return mask;
}
