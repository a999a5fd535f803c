import '@tensorflow/tfjs-backend-cpu'; // whose kernels stand in for the ones that libtorch lacks
import { engine, getKernel, getKernelsForBackend, registerBackend, registerKernel } from '@tensorflow/tfjs-core';
import { UsageError } from '../../util/errors.js';
import { nativeKernels } from './kernels/index.js';
import { cpuKernel } from './kernels/kernel.js';
import { LibtorchBackend } from './LibtorchBackend.js';
import { loadAddon } from './loadAddon.js';

export interface LibtorchOptions {
  device: 'cpu' | 'cuda';
  precision: 'float32' | 'bfloat16' | 'auto';
  /** Default: every core this process may use. */
  threads?: number;
}

export interface LibtorchSettings {
  device: 'cpu' | 'cuda';
  precision: 'float32' | 'bfloat16';
  threads: number;
}

let isRegistered = false;

/** Loads the addon and registers the backend `libtorch` and its kernels with tfjs (once); sets threads, device and precision. */
export function registerLibtorch({ device, precision, threads = 0 }: LibtorchOptions): LibtorchSettings {
  const addon = loadAddon();
  if (device === 'cuda') {
    const found = addon.hasCuda() ? 'kernels of this version run on the CPU only' : `libtorch ${addon.torchVersion()} was built without it`;
    throw new UsageError(`libtorch: device cuda is not available: ${found}; leave out --device`);
  }
  if (precision === 'bfloat16' && !addon.hasBfloat16()) {
    const why = 'which this one lacks or ONEDNN_MAX_CPU_ISA (DNNL_MAX_CPU_ISA) keeps from use';
    throw new UsageError(`libtorch: precision bfloat16 needs a processor with AVX-512 BF16, ${why}; leave out --precision`);
  }
  const isBfloat16 = precision !== 'float32' && addon.hasBfloat16();
  addon.storeBfloat16(isBfloat16);
  if (!isRegistered) {
    registerBackend('libtorch', () => new LibtorchBackend(addon, engine()), 4);
    for (const config of nativeKernels) registerKernel(config);
    for (const { kernelName } of getKernelsForBackend('cpu')) {
      if (!getKernel(kernelName, 'libtorch')) registerKernel(cpuKernel(kernelName));
    }
    isRegistered = true;
  }
  return { device, precision: isBfloat16 ? 'bfloat16' : 'float32', threads: addon.setThreads(threads) };
}
