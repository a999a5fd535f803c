import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { markChanged } from '../kernelCall.js';

/** A moving average in place, one pass over each tensor: see `ops/movingAverage`. */
export const audiosslMovingAverage: KernelConfig = {
  kernelName: 'AudiosslMovingAverage',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as BackendWasm;
    const { momentum } = attrs as unknown as { momentum: number };
    const list = inputs as unknown as TensorInfo[]; // average, value, average, value ...
    for (let i = 0; i < list.length; i += 2) {
      const [average, value] = list.slice(i, i + 2).map((info) => wasm.typedArrayFromHeap(info) as Float32Array);
      for (let k = 0; k < average.length; k++) average[k] = momentum * average[k] + (1 - momentum) * value[k];
      markChanged(wasm, [list[i]]);
    }
    return [];
  },
};
