import type { DataType } from '@tensorflow/tfjs-core';
import type { Handle } from './binding.js';

/** What tfjs calls a dataId: one tensor of the addon, or strings, and how many tfjs tensors share it. */
export class LibtorchData {
  refCount = 1;
  /** Undefined for strings, and after the data went to another backend or was disposed of. */
  handle: Handle | undefined;
  strings: Uint8Array[] | undefined;

  constructor(
    readonly shape: number[],
    readonly dtype: DataType,
  ) {}
}
