import * as tf from '@tensorflow/tfjs-core';

/** Whether the current backend has a kernel of this name. Ours are called `Audiossl...`; every other backend runs the composite. */
export function hasNativeKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Plain values that a kernel takes beside its tensors. */
export type KernelAttributes = Record<string, number | string | boolean | number[] | number[][]>;

type Named = Record<string, tf.Tensor | undefined>;

/** Runs a kernel of the current backend that has one output; undefined inputs are left out. */
export function runKernel<T extends tf.Tensor>(name: string, inputs: Named, attributes: KernelAttributes): T {
  return tf.engine().runKernel<T>(name, present(inputs), attributes);
}

/** As `runKernel`, for a kernel whose outputs are a list. */
export function runKernels(name: string, inputs: Named | readonly tf.Tensor[], attributes: KernelAttributes): tf.Tensor[] {
  // tfjs passes lists of tensors (Concat, AddN) through the same argument.
  const given = Array.isArray(inputs) ? (inputs as unknown as tf.NamedTensorMap) : present(inputs as Named);
  return tf.engine().runKernel<tf.Tensor[]>(name, given, attributes);
}

function present(inputs: Named): tf.NamedTensorMap {
  return Object.fromEntries(Object.entries(inputs).filter((entry): entry is [string, tf.Tensor] => entry[1] !== undefined));
}
