import type { backend_util } from '@tensorflow/tfjs-core';

interface Axis {
  input: number;
  output: number;
  stride: number;
  /** Reach of the window, dilation included. */
  window: number;
  before: number;
  after: number;
}

/**
 * Padding before and after one axis such that libtorch's rule, floor((input + before + after - window) / stride) + 1, gives tfjs's output:
 * tfjs may round up (`dimRoundingMode`), and then the last window needs more padding.
 */
function padsOf({ input, output, stride, window, before, after }: Axis): [number, number] {
  const fits = Math.floor((input + before + after - window) / stride) + 1 === output;
  return [before, fits ? after : Math.max(0, (output - 1) * stride + window - input - before)];
}

/** [top, bottom, left, right] */
export function pads2d(info: backend_util.Conv2DInfo): number[] {
  const { padInfo } = info;
  return [
    ...padsOf({
      input: info.inHeight,
      output: info.outHeight,
      stride: info.strideHeight,
      window: info.effectiveFilterHeight,
      before: padInfo.top,
      after: padInfo.bottom,
    }),
    ...padsOf({
      input: info.inWidth,
      output: info.outWidth,
      stride: info.strideWidth,
      window: info.effectiveFilterWidth,
      before: padInfo.left,
      after: padInfo.right,
    }),
  ];
}

/** [front, back, top, bottom, left, right] */
export function pads3d(info: backend_util.Conv3DInfo): number[] {
  const { padInfo } = info;
  const depth = padsOf({
    input: info.inDepth,
    output: info.outDepth,
    stride: info.strideDepth,
    window: info.effectiveFilterDepth,
    before: padInfo.front,
    after: padInfo.back,
  });
  const height = padsOf({
    input: info.inHeight,
    output: info.outHeight,
    stride: info.strideHeight,
    window: info.effectiveFilterHeight,
    before: padInfo.top,
    after: padInfo.bottom,
  });
  const width = padsOf({
    input: info.inWidth,
    output: info.outWidth,
    stride: info.strideWidth,
    window: info.effectiveFilterWidth,
    before: padInfo.left,
    after: padInfo.right,
  });
  return [...depth, ...height, ...width];
}
