import * as tf from '@tensorflow/tfjs-core';
import type { RankGroup } from './RankGroup.js';

/** Values of a bucket, 25 MB: large enough that the network and not its latency is waited for, as PyTorch's DDP has found. */
const BUCKET_VALUES = 6_553_600;

/**
 * Adds the gradients of all ranks, in buckets: what lies in one is sent while the next is filled. Returns the gradients, which replace those
 * given (the same tensors but for those that had another reader), and the sums of `numbers`, float32, which travel along.
 */
export function sumGradients(
  group: RankGroup,
  gradients: ReadonlyMap<string, tf.Tensor>,
  numbers: readonly number[],
): { gradients: Map<string, tf.Tensor>; sums: Float32Array } {
  const own = new Map([...gradients].map(([path, gradient]) => [path, withoutOtherReaders(gradient)]));
  const extra = tf.tensor1d([...numbers], 'float32');
  try {
    // The last gradients of a backward pass are those of the first layers: they come first here too, whatever the order of the names.
    for (const finish of bucketsOf([extra, ...own.values()]).map((bucket) => group.startSum(bucket))) finish();
    return { gradients: own, sums: Float32Array.from(extra.dataSync()) };
  } finally {
    extra.dispose();
  }
}

function bucketsOf(tensors: readonly tf.Tensor[]): tf.Tensor[][] {
  const buckets: tf.Tensor[][] = [];
  let left = 0;
  for (const tensor of tensors) {
    if (buckets.length === 0 || tensor.size > left) {
      buckets.push([]);
      left = BUCKET_VALUES;
    }
    buckets[buckets.length - 1].push(tensor);
    left -= tensor.size;
  }
  return buckets;
}

/** A sum in place would change what shares its memory. */
function withoutOtherReaders(gradient: tf.Tensor): tf.Tensor {
  if (tf.engine().backend.refCount(gradient.dataId) === 1) return gradient;
  const copy = tf.tidy(() => tf.add(gradient, 0));
  gradient.dispose();
  return copy;
}
