import type { KernelConfig, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { LibtorchBackend } from '../LibtorchBackend.js';
import { runOnCpu } from '../runOnCpu.js';

/** Named tensors, all given; tfjs's own input types allow each to be undefined. */
export type Tensors<Names extends string> = Record<Names, TensorInfo>;

/** A kernel by tfjs's name: tensors and attributes in, new tensors out. */
export type Run<Inputs, Attrs> = (backend: LibtorchBackend, inputs: Inputs, attrs: Attrs) => TensorInfo | TensorInfo[];

/** What tfjs registers for one kernel. Strings never reach libtorch: a kernel given some runs on the cpu backend. */
export function kernel<Inputs, Attrs = undefined>(kernelName: string, run: Run<Inputs, Attrs>): KernelConfig {
  return {
    kernelName,
    backendName: 'libtorch',
    kernelFunc: ({ inputs, attrs, backend }) => {
      // tfjs's registry is untyped: here its inputs, attributes and backend get the types this kernel name stands for.
      const own = backend as LibtorchBackend;
      if (hasStrings(inputs)) return runOnCpu(own, kernelName, inputs, attrs);
      return run(own, inputs as Inputs, attrs as Attrs);
    },
  };
}

/** A kernel that libtorch has no counterpart of. */
export function cpuKernel(kernelName: string): KernelConfig {
  return {
    kernelName,
    backendName: 'libtorch',
    kernelFunc: ({ inputs, attrs, backend }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap; backend: unknown }) =>
      runOnCpu(backend as LibtorchBackend, kernelName, inputs, attrs),
  };
}

function hasStrings(inputs: NamedTensorInfoMap): boolean {
  for (const name in inputs) if (inputs[name]?.dtype === 'string') return true;
  return false;
}
