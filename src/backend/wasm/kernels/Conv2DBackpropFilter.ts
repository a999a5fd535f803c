import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { Conv2DBackpropFilter, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs-core';
import { type ConvGeometry, type ConvGradientAttrs, convGeometry, explicitPadding } from '../convGeometry.js';
import { callKernel, requiredInput, scratch } from '../kernelCall.js';

/**
 * The filter's gradient, which tfjs's wasm backend lacks:
 *
 *     dW[kh, kw, ci, co] = sum over n, oh, ow of x[n, oh s + kh - top, ow s + kw - left, ci] dy[n, oh, ow, co]
 *
 * This is itself a convolution: channels take the place of the batch, the batch that of the channels, dy is the filter and the stride
 * becomes its dilation. So XNNPACK's convolution computes it at nearly the forward pass's speed, and nothing is unrolled (im2col would
 * write every value of x kernelHeight x kernelWidth times). A 1 x 1 filter is a plain matrix product.
 */
export const conv2DBackpropFilter: KernelConfig = {
  kernelName: Conv2DBackpropFilter,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const x = requiredInput(inputs, 'x');
    const dy = requiredInput(inputs, 'dy');
    const { filterShape, ...rest } = attrs as unknown as ConvGradientAttrs & { filterShape: number[] };
    const geometry = convGeometry('Conv2DBackpropFilter', x.shape, filterShape, rest);
    return filterGradient(backend as BackendWasm, x, dy, geometry);
  },
};

/** Values of dy (or x) handled at a time: bounds the memory for the transposed and packed copies, and the length of float32 sums. */
const maxChunkValues = 4_000_000;

function filterGradient(backend: BackendWasm, x: TensorInfo, dy: TensorInfo, geometry: ConvGeometry): TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = geometry;
  const valuesAnImage = Math.max(inHeight * inWidth * inChannels, outHeight * outWidth * outChannels);
  const numChunks = Math.max(1, Math.ceil((batchSize * valuesAnImage) / maxChunkValues));
  const chunkSize = Math.ceil(batchSize / numChunks);
  let total: TensorInfo | undefined;
  for (let first = 0; first < batchSize; first += chunkSize) {
    const part = chunkGradient(backend, x, dy, geometry, first, Math.min(chunkSize, batchSize - first));
    if (!total) {
      total = part;
    } else {
      const sum = callKernel(backend, 'Add', { a: total, b: part }, {});
      backend.disposeData(total.dataId);
      backend.disposeData(part.dataId);
      total = sum;
    }
  }
  if (total) return total;
  const empty = backend.makeOutput([geometry.filterHeight, geometry.filterWidth, inChannels, outChannels], 'float32');
  backend.typedArrayFromHeap(empty).fill(0);
  return empty;
}

function chunkGradient(
  backend: BackendWasm,
  x: TensorInfo,
  dy: TensorInfo,
  geometry: ConvGeometry,
  first: number,
  count: number,
): TensorInfo {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth, padInfo } = geometry;
  const { strideHeight, strideWidth } = geometry;
  const temporary = scratch(backend);
  // Rows and columns of x that the convolution reads; what lies beyond them must not lengthen the result.
  const rowsRead = Math.min(inHeight, (outHeight - 1) * strideHeight + filterHeight - padInfo.top);
  const columnsRead = Math.min(inWidth, (outWidth - 1) * strideWidth + filterWidth - padInfo.left);
  const xRead = slice(temporary, x, [first, 0, 0, 0], [count, rowsRead, columnsRead, inChannels]);
  const dyRead = slice(temporary, dy, [first, 0, 0, 0], [count, outHeight, outWidth, outChannels]);
  const isPointwise = filterHeight === 1 && filterWidth === 1 && padInfo.top === 0 && padInfo.left === 0;
  const gradient = isPointwise ? pointwise(xRead, dyRead) : asConvolution(xRead, dyRead);
  temporary.dispose();
  return { ...gradient, shape: [filterHeight, filterWidth, inChannels, outChannels] };

  function pointwise(x: TensorInfo, dy: TensorInfo): TensorInfo {
    const isSampled = strideHeight !== 1 || strideWidth !== 1;
    const sampled = isSampled ? temporary.keep(sampleGrid(backend, x, strideHeight, strideWidth)) : x; // [count, outHeight, outWidth, inChannels]
    const numPixels = count * outHeight * outWidth;
    const rows = { ...sampled, shape: [numPixels, inChannels] };
    const a = temporary.call('Transpose', { x: rows }, { perm: [1, 0] }); // [inChannels, pixels]
    const b = { ...dy, shape: [numPixels, outChannels] };
    return callKernel(backend, 'BatchMatMul', { a, b }, { transposeA: false, transposeB: false });
  }

  function asConvolution(x: TensorInfo, dy: TensorInfo): TensorInfo {
    const images = temporary.call('Transpose', { x }, { perm: [3, 1, 2, 0] }); // [inChannels, height, width, count]
    const filter = temporary.call('Transpose', { x: dy }, { perm: [1, 2, 0, 3] }); // [outHeight, outWidth, count, outChannels]
    const bottom = (outHeight - 1) * strideHeight + filterHeight - padInfo.top - rowsRead;
    const right = (outWidth - 1) * strideWidth + filterWidth - padInfo.left - columnsRead;
    const attrs = {
      strides: 1,
      dilations: [strideHeight, strideWidth],
      pad: explicitPadding([padInfo.top, bottom], [padInfo.left, right]),
      dataFormat: 'NHWC',
    };
    const gradient = temporary.call('Conv2D', { x: images, filter }, attrs); // [inChannels, filterHeight, filterWidth, outChannels]
    return callKernel(backend, 'Transpose', { x: gradient }, { perm: [1, 2, 0, 3] });
  }
}

/** Every strideHeight-th row and strideWidth-th column (tfjs's StridedSlice on wasm is ten times slower than this loop). */
function sampleGrid(backend: BackendWasm, x: TensorInfo, strideHeight: number, strideWidth: number): TensorInfo {
  const [batchSize, height, width, channels] = x.shape;
  const outShape = [batchSize, Math.ceil(height / strideHeight), Math.ceil(width / strideWidth), channels];
  const out = backend.makeOutput(outShape, 'float32');
  const from = backend.typedArrayFromHeap(x);
  const to = backend.typedArrayFromHeap(out);
  let target = 0;
  for (let n = 0; n < batchSize; n++) {
    for (let row = 0; row < height; row += strideHeight) {
      for (let column = 0; column < width; column += strideWidth) {
        let source = ((n * height + row) * width + column) * channels;
        for (let c = 0; c < channels; c++) to[target++] = from[source++];
      }
    }
  }
  return out;
}

function slice(temporary: ReturnType<typeof scratch>, x: TensorInfo, begin: number[], size: number[]): TensorInfo {
  if (size.every((n, axis) => n === x.shape[axis])) return x;
  return temporary.call('Slice', { x }, { begin, size });
}
