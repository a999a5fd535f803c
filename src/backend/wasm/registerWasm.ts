import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { conv2DBackpropFilter } from './kernels/Conv2DBackpropFilter.js';
import { conv2DBackpropInput } from './kernels/Conv2DBackpropInput.js';

/** What wasm lacks for training, or does slowly. */
const kernels: KernelConfig[] = [conv2DBackpropFilter, conv2DBackpropInput];

/**
 * Makes tfjs's `wasm` backend able to train: its binaries are found in node_modules whatever the working directory, and the kernels that
 * it lacks for training are added. Call before `tf.setBackend('wasm')`; calling it again does nothing.
 * @param threads for XNNPACK (convolutions, matrix products of two matrices); default: one a processor
 */
export async function registerWasm({ threads }: { threads?: number } = {}): Promise<void> {
  if (isRegistered) return;
  isRegistered = true;
  // Importing the package registers the backend itself.
  setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (threads !== undefined) setThreadsCount(threads);
  for (const kernel of kernels) {
    // tfjs warns on the console when a kernel is registered over another.
    if (getKernel(kernel.kernelName, 'wasm')) unregisterKernel(kernel.kernelName, 'wasm');
    registerKernel(kernel);
  }
}

let isRegistered = false;
