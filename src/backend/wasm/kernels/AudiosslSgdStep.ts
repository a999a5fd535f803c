import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { markChanged } from '../kernelCall.js';

interface SgdStepAttrs {
  learningRate: number;
  momentum: number;
  weightDecay: number;
}

/** SGD in place, one pass over each parameter: see `ops/sgdStep`. */
export const audiosslSgdStep: KernelConfig = {
  kernelName: 'AudiosslSgdStep',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as BackendWasm;
    const options = attrs as unknown as SgdStepAttrs;
    const list = inputs as unknown as TensorInfo[]; // w, g, v, w, g, v ...
    for (let i = 0; i < list.length; i += 3) {
      const [w, g, v] = list.slice(i, i + 3).map((info) => wasm.typedArrayFromHeap(info) as Float32Array);
      update(w, g, v, options);
      markChanged(wasm, [list[i], list[i + 2]]);
    }
    return [];
  },
};

function update(w: Float32Array, g: Float32Array, v: Float32Array, { learningRate, momentum, weightDecay }: SgdStepAttrs): void {
  for (let i = 0; i < w.length; i++) {
    const velocity = momentum * v[i] + (g[i] + weightDecay * w[i]);
    v[i] = velocity;
    w[i] -= learningRate * velocity;
  }
}
