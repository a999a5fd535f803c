import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { getKernel, type KernelConfig, registerBackend, registerKernel, removeBackend, unregisterKernel } from '@tensorflow/tfjs-core';
import { audiosslBatchNorm } from './kernels/AudiosslBatchNorm.js';
import { audiosslBatchNormGrad } from './kernels/AudiosslBatchNormGrad.js';
import { audiosslMovingAverage } from './kernels/AudiosslMovingAverage.js';
import { audiosslSgdStep } from './kernels/AudiosslSgdStep.js';
import { batchMatMul } from './kernels/BatchMatMul.js';
import { clipByValue } from './kernels/ClipByValue.js';
import { conv2DBackpropFilter } from './kernels/Conv2DBackpropFilter.js';
import { conv2DBackpropInput } from './kernels/Conv2DBackpropInput.js';
import { identity } from './kernels/Identity.js';
import { longSums } from './kernels/longSums.js';
import { maxPoolGrad } from './kernels/MaxPoolGrad.js';
import { threadedBackend } from './threadedBackend.js';

/** What tfjs's wasm backend lacks for training, or does slowly. */
const kernels: KernelConfig[] = [
  audiosslBatchNorm,
  audiosslBatchNormGrad,
  audiosslMovingAverage,
  audiosslSgdStep,
  clipByValue,
  conv2DBackpropFilter,
  conv2DBackpropInput,
  identity,
  maxPoolGrad,
];

/** The binary starts eight workers and can use no more. */
const maxThreads = 8;

let registeredThreads: number | undefined;

/**
 * Makes tfjs's `wasm` backend able to train: its binaries are found in node_modules whatever the working directory, it runs on several
 * threads, and the kernels that it lacks for training are added. Call before `tf.setBackend('wasm')`; the first call decides.
 * @param threads default: one a processor, 8 at most; 1 = tfjs's own binary without threads
 * @returns the number of threads in use
 */
export async function registerWasm({ threads = availableParallelism() }: { threads?: number } = {}): Promise<{ threads: number }> {
  if (registeredThreads !== undefined) return { threads: registeredThreads };
  registeredThreads = Math.max(1, Math.min(threads, maxThreads));
  // Importing the package registers the backend itself, without threads.
  setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (registeredThreads > 1) {
    const numThreads = registeredThreads;
    removeBackend('wasm');
    registerBackend('wasm', () => threadedBackend(numThreads), 3);
  }
  for (const kernel of [...kernels, ...wrapped('BatchMatMul', batchMatMul), ...wrapped('Sum', longSums), ...wrapped('Mean', longSums)]) {
    // tfjs warns on the console when a kernel is registered over another.
    if (getKernel(kernel.kernelName, 'wasm')) unregisterKernel(kernel.kernelName, 'wasm');
    registerKernel(kernel);
  }
  return { threads: registeredThreads };
}

/** A kernel of tfjs's with something around it. */
function wrapped(name: string, wrap: (original: KernelConfig) => KernelConfig): KernelConfig[] {
  const original = getKernel(name, 'wasm');
  return original ? [wrap(original)] : [];
}
