import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { ClipByValue, type KernelConfig } from '@tensorflow/tfjs-core';
import { requiredInput } from '../kernelCall.js';

/** Clips and leaves NaN NaN, as every other backend does: tfjs's kernel makes it a finite value, and a broken loss looks whole. */
export const clipByValue: KernelConfig = {
  kernelName: ClipByValue,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const wasm = backend as BackendWasm;
    const x = requiredInput(inputs, 'x');
    const { clipValueMin: low, clipValueMax: high } = attrs as { clipValueMin: number; clipValueMax: number };
    const out = wasm.makeOutput(x.shape, x.dtype);
    const [values, clipped] = [wasm.typedArrayFromHeap(x), wasm.typedArrayFromHeap(out)];
    // Of NaN both are NaN.
    for (let i = 0; i < clipped.length; i++) clipped[i] = Math.min(Math.max(values[i], low), high);
    return out;
  },
};
