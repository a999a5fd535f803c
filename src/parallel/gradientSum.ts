import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../ops/differentiable.js';
import { AudiosslError } from '../util/errors.js';
import type { RankGroup } from './RankGroup.js';

/**
 * Values that fill a bucket, 4 MB: large enough that the network and not its latency is waited for, small enough that little is left for the
 * last one, which backward no longer covers: of ResNet-18's 46.8 MB 2.1.
 */
export const BUCKET_VALUES = 1_048_576;

/** The sum of one step's gradients over all ranks, begun while the backward pass goes on. */
export interface GradientSum {
  /**
   * A stand-in for a parameter in the differentiated function, the same for every use of it. When backward has come past all of them, the
   * gradient goes into a bucket; a full bucket is on its way to the other ranks while backward goes on.
   */
  watch(variable: tf.Variable): tf.Tensor;
  /**
   * What is left, and the wait for all. Returns the gradients, which replace those given (the same tensors but for some that were not
   * watched and share memory with others), and the sums of `numbers`, always as float32.
   */
  finish(gradients: ReadonlyMap<string, tf.Tensor>, numbers: readonly number[]): { gradients: Map<string, tf.Tensor>; sums: Float32Array };
}

/** For one step. Backward goes the same way on all ranks, so the buckets are the same. */
export function gradientSum(
  group: Pick<RankGroup, 'startSum'>,
  { bucketValues = BUCKET_VALUES, precision }: { bucketValues?: number; precision?: 'float32' | 'bfloat16' } = {},
): GradientSum {
  const standIns = new Map<number, tf.Tensor>();
  const sent = new Set<tf.DataId>();
  const waits: (() => void)[] = [];
  let bucket: tf.Tensor[] = [];
  let filled = 0;

  function send(): void {
    if (bucket.length === 0) return;
    waits.push(group.startSum(bucket, precision));
    for (const tensor of bucket) sent.add(tensor.dataId);
    [bucket, filled] = [[], 0];
  }

  function add(gradient: tf.Tensor): void {
    // When the next one is there: a filter's gradient is computed while ranks wait at the batch norm before it, and would be here now.
    if (filled >= bucketValues) send();
    bucket.push(gradient);
    filled += gradient.size;
  }

  return {
    watch(variable) {
      const known = standIns.get(variable.id);
      if (known !== undefined) return known;
      const standIn = differentiable([variable], () => ({
        value: tf.clone(variable as tf.Tensor),
        backward: (dy) => {
          // A tensor of its own: dy may share memory with what backward still reads.
          const gradient = tf.engine().backend.refCount(dy.dataId) === 1 ? tf.clone(dy) : tf.add(dy, 0);
          add(gradient);
          return [gradient];
        },
      }));
      standIns.set(variable.id, standIn);
      return standIn;
    },
    finish(gradients, numbers) {
      const extra = tf.tensor1d([...numbers], 'float32');
      try {
        const waiting = new Set(bucket.map(({ dataId }) => dataId));
        const own = new Map<string, tf.Tensor>();
        let found = 0;
        for (const [path, gradient] of gradients) {
          const isWatched = sent.has(gradient.dataId) || waiting.has(gradient.dataId);
          if (isWatched) found++;
          own.set(path, isWatched ? gradient : withoutOtherReaders(gradient));
        }
        if (found !== sent.size + waiting.size) {
          throw new AudiosslError(
            `ranks: each watched parameter must have its gradient among those of the step, got ${found} of ${sent.size + waiting.size}; a network reads a parameter past parameter()`,
          );
        }
        for (const gradient of own.values()) if (!sent.has(gradient.dataId) && !waiting.has(gradient.dataId)) add(gradient);
        send();
        waits.push(group.startSum([extra]));
        for (const wait of waits) wait();
        return { gradients: own, sums: Float32Array.from(extra.dataSync()) };
      } finally {
        extra.dispose();
      }
    },
  };
}

/** A sum in place would change what shares its memory. */
function withoutOtherReaders(gradient: tf.Tensor): tf.Tensor {
  if (tf.engine().backend.refCount(gradient.dataId) === 1) return gradient;
  const copy = tf.tidy(() => tf.add(gradient, 0));
  gradient.dispose();
  return copy;
}
