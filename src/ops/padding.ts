import * as tf from '@tensorflow/tfjs-core';

/** Zeros (or another value) before and after: `[[top, bottom], [left, right]]`, that is time first, then mel. A number means all four. */
export type Padding = number | [[number, number], [number, number]];

type Sides = [[number, number], [number, number]];

export function paddingSides(padding: Padding): Sides {
  return typeof padding === 'number'
    ? [
        [padding, padding],
        [padding, padding],
      ]
    : padding;
}

/** Backends whose convolution and pooling kernels take explicit numbers. tfjs-node takes only 'same' and 'valid'. */
const withExplicitPadding: readonly string[] = ['libtorch', 'wasm', 'cpu'];

/** How to pad on the current backend: through the kernel's own attribute `pad`, or by `tf.pad` before a 'valid' kernel. */
export type PaddingPlan = { attribute: 'valid' | number[][]; before: Sides | undefined };

export function planPadding(padding: Padding): PaddingPlan {
  const sides = paddingSides(padding);
  if (sides.flat().every((size) => size === 0)) return { attribute: 'valid', before: undefined };
  return withExplicitPadding.includes(tf.getBackend())
    ? { attribute: [[0, 0], ...sides, [0, 0]], before: undefined }
    : { attribute: 'valid', before: sides };
}

/** `[batch, time, mel, channel]` -> the same, larger by what the plan says to pad beforehand. */
export function padBefore(x: tf.Tensor4D, { before }: PaddingPlan, value = 0): tf.Tensor4D {
  return before === undefined ? x : tf.pad(x, [[0, 0], ...before, [0, 0]], value);
}

/** Undoes `padBefore` for a gradient: cuts out the part of size `shape`. */
export function cropPadding(dx: tf.Tensor4D, { before }: PaddingPlan, shape: [number, number, number, number]): tf.Tensor4D {
  return before === undefined ? dx : tf.slice(dx, [0, before[0][0], before[1][0], 0], shape);
}
