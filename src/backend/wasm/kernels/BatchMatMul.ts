import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { requiredInput, scratch } from '../kernelCall.js';

interface BatchMatMulAttrs {
  transposeA: boolean;
  transposeB: boolean;
}

/** tfjs's kernel multiplies transposed matrices by plain loops, others by XNNPACK: so the transposing is done first. */
export function batchMatMul(original: KernelConfig): KernelConfig {
  return {
    ...original,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { transposeA, transposeB } = attrs as unknown as BatchMatMulAttrs;
      const temporary = scratch(backend as BackendWasm);
      const turned = (x: TensorInfo): TensorInfo => {
        const axes = x.shape.map((_, axis) => axis);
        return temporary.call('Transpose', { x }, { perm: [...axes.slice(0, -2), axes[axes.length - 1], axes[axes.length - 2]] });
      };
      const [a, b] = [requiredInput(inputs, 'a'), requiredInput(inputs, 'b')];
      const plain = { a: transposeA ? turned(a) : a, b: transposeB ? turned(b) : b };
      const product = original.kernelFunc({ inputs: plain, attrs: { ...attrs, transposeA: false, transposeB: false }, backend });
      temporary.dispose();
      return product;
    },
  };
}
