import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { backend_util, type KernelConfig, MaxPoolGrad } from '@tensorflow/tfjs-core';
import { requiredInput } from '../kernelCall.js';

interface MaxPoolGradAttrs {
  filterSize: [number, number] | number;
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * Gives each window's dy to its maximum (the first of equals, as PyTorch and tfjs's cpu backend do), channel by channel in memory order.
 * tfjs's own kernel looks at every window from every position of the input and takes five times as long.
 */
export const maxPoolGrad: KernelConfig = {
  kernelName: MaxPoolGrad,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as BackendWasm;
    const dy = requiredInput(inputs, 'dy');
    const input = requiredInput(inputs, 'input');
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as MaxPoolGradAttrs;
    const shape = input.shape as [number, number, number, number];
    const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const { batchSize, inHeight, inWidth, inChannels: channels, outHeight, outWidth, filterHeight, filterWidth, padInfo } = info;
    const dx = wasm.makeOutput(input.shape, 'float32');
    const x = wasm.typedArrayFromHeap(input);
    const gradient = wasm.typedArrayFromHeap(dy);
    const out = wasm.typedArrayFromHeap(dx).fill(0);
    const taps = new Int32Array(filterHeight * filterWidth); // where in x the window's pixels start
    let source = 0;
    for (let n = 0; n < batchSize; n++) {
      for (let row = 0; row < outHeight; row++) {
        const top = row * info.strideHeight - padInfo.top;
        const [firstRow, endRow] = [Math.max(0, top), Math.min(inHeight, top + filterHeight)];
        for (let column = 0; column < outWidth; column++) {
          const left = column * info.strideWidth - padInfo.left;
          const [firstColumn, endColumn] = [Math.max(0, left), Math.min(inWidth, left + filterWidth)];
          let numTaps = 0;
          for (let i = firstRow; i < endRow; i++) {
            for (let j = firstColumn; j < endColumn; j++) taps[numTaps++] = ((n * inHeight + i) * inWidth + j) * channels;
          }
          for (let c = 0; c < channels; c++, source++) {
            let best = Number.NEGATIVE_INFINITY;
            let bestAt = -1;
            for (let tap = 0; tap < numTaps; tap++) {
              const value = x[taps[tap] + c];
              if (value > best) {
                best = value;
                bestAt = taps[tap] + c;
              }
            }
            if (bestAt >= 0) out[bestAt] += gradient[source];
          }
        }
      }
    }
    return dx;
  },
};
