import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { Conv2DBackpropInput, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { type ConvGeometry, type ConvGradientAttrs, convGeometry, explicitPadding } from '../convGeometry.js';
import { callKernel, requiredInput, scratch } from '../kernelCall.js';

/**
 * The input's gradient by XNNPACK's convolution, instead of the loops of tfjs's wasm backend (4-5 GFLOP/s).
 *
 *     dx[i] = sum over the taps k with (i + top - k) divisible by s of dy[(i + top - k) / s] W[k]      (one axis shown)
 *
 * For stride 1 that is a convolution of dy with the turned, transposed filter. For stride s the positions i fall into s phases (i + top)
 * mod s, each a convolution with its own share of the taps: together they do exactly the products that are needed, where a dy spread with
 * zeros would do s x s times as many.
 */
export const conv2DBackpropInput: KernelConfig = {
  kernelName: Conv2DBackpropInput,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const dy = requiredInput(inputs, 'dy');
    const filter = requiredInput(inputs, 'filter');
    const { inputShape, ...rest } = attrs as unknown as ConvGradientAttrs & { inputShape: number[] };
    const geometry = convGeometry('Conv2DBackpropInput', inputShape, filter.shape, rest);
    return inputGradient(backend as BackendWasm, dy, filter, geometry);
  },
};

/** One phase of one axis: the positions of dx that see the same taps. */
interface Phase {
  /** First position in dx, the others follow at the stride. */
  first: number;
  count: number;
  /** Taps in the order in which the convolution over dy meets them (falling). */
  taps: number[];
  /** Zeros before and after dy; negative where dy is cropped. */
  before: number;
  after: number;
}

function phases(inSize: number, outSize: number, kernelSize: number, stride: number, padBefore: number): Phase[] {
  const all: Phase[] = [];
  for (let r = 0; r < Math.min(stride, inSize + padBefore); r++) {
    const taps: number[] = [];
    for (let k = r; k < kernelSize; k += stride) taps.unshift(k);
    // i + padBefore = stride q + r, and dy is read at q, q - 1 .. q - (taps - 1).
    const firstQ = Math.max(0, Math.ceil((padBefore - r) / stride));
    const lastQ = Math.floor((inSize - 1 + padBefore - r) / stride);
    if (lastQ < firstQ) continue;
    const first = stride * firstQ + r - padBefore;
    all.push({ first, count: lastQ - firstQ + 1, taps, before: taps.length - 1 - firstQ, after: lastQ - (outSize - 1) });
  }
  return all;
}

function inputGradient(backend: BackendWasm, dy: TensorInfo, filter: TensorInfo, geometry: ConvGeometry): TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth, padInfo } = geometry;
  const { strideHeight, strideWidth } = geometry;
  const temporary = scratch(backend);
  const turned = temporary.call('Transpose', { x: filter }, { perm: [0, 1, 3, 2] }); // [kh, kw, outChannels, inChannels]
  const rowPhases = phases(inHeight, outHeight, filterHeight, strideHeight, padInfo.top);
  const columnPhases = phases(inWidth, outWidth, filterWidth, strideWidth, padInfo.left);
  const pairs = rowPhases.flatMap((rows) => columnPhases.map((columns) => ({ rows, columns })));
  const isWhole = strideHeight === 1 && strideWidth === 1;
  const dx = isWhole ? undefined : backend.makeOutput([batchSize, inHeight, inWidth, inChannels], 'float32');
  if (dx && pairs.some(({ rows, columns }) => rows.taps.length * columns.taps.length === 0)) backend.typedArrayFromHeap(dx).fill(0);

  for (const { rows, columns } of pairs) {
    if (rows.taps.length * columns.taps.length === 0) continue;
    const part = phaseGradient(rows, columns);
    if (!dx) {
      temporary.dispose();
      return part;
    }
    scatterPhase(backend, part, dx, rows, columns, strideHeight, strideWidth);
    backend.disposeData(part.dataId);
  }
  temporary.dispose();
  return dx ?? backend.makeOutput([batchSize, inHeight, inWidth, inChannels], 'float32');

  function phaseGradient(rows: Phase, columns: Phase): TensorInfo {
    const local = scratch(backend);
    const taps = local.keep(backend.makeOutput([rows.taps.length, columns.taps.length, outChannels, inChannels], 'float32'));
    const from = backend.typedArrayFromHeap(turned);
    const to = backend.typedArrayFromHeap(taps);
    const tapSize = outChannels * inChannels;
    rows.taps.forEach((kh, i) => {
      columns.taps.forEach((kw, j) => {
        const start = (kh * filterWidth + kw) * tapSize;
        to.set(from.subarray(start, start + tapSize), (i * columns.taps.length + j) * tapSize);
      });
    });
    // Padding may not be negative: crop instead.
    const crop = (padding: number) => Math.max(0, -padding);
    const begin = [0, crop(rows.before), crop(columns.before), 0];
    const size = [
      batchSize,
      outHeight - crop(rows.before) - crop(rows.after),
      outWidth - crop(columns.before) - crop(columns.after),
      outChannels,
    ];
    const isCropped = size[1] !== outHeight || size[2] !== outWidth;
    const x = isCropped ? local.call('Slice', { x: dy }, { begin, size }) : dy;
    const pad = explicitPadding(
      [Math.max(0, rows.before), Math.max(0, rows.after)],
      [Math.max(0, columns.before), Math.max(0, columns.after)],
    );
    const part = callKernel(backend, 'Conv2D', { x, filter: taps }, { strides: 1, dilations: 1, pad, dataFormat: 'NHWC' });
    local.dispose();
    return part;
  }
}

/** Writes a phase `[batch, rows.count, columns.count, channels]` to its positions in dx. */
function scatterPhase(
  backend: BackendWasm,
  part: TensorInfo,
  dx: TensorInfo,
  rows: Phase,
  columns: Phase,
  strideHeight: number,
  strideWidth: number,
): void {
  const [batchSize, height, width, channels] = dx.shape;
  const from = backend.typedArrayFromHeap(part);
  const to = backend.typedArrayFromHeap(dx);
  let source = 0;
  for (let n = 0; n < batchSize; n++) {
    for (let row = 0; row < rows.count; row++) {
      const rowStart = (n * height + rows.first + row * strideHeight) * width + columns.first;
      for (let column = 0; column < columns.count; column++) {
        let target = (rowStart + column * strideWidth) * channels;
        for (let c = 0; c < channels; c++) to[target++] = from[source++];
      }
    }
  }
}
