import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { Identity, type KernelConfig } from '@tensorflow/tfjs-core';
import { anotherReference, requiredInput } from '../kernelCall.js';

/**
 * Shares the data, as tfjs's other backends do. tfjs's wasm backend copies it, and every tensor that an op saves for its gradient is such
 * an identity: each activation would be there two or three times.
 */
export const identity: KernelConfig = {
  kernelName: Identity,
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => anotherReference(backend as BackendWasm, requiredInput(inputs, 'x')),
};
