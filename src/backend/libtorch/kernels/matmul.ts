import type { _FusedMatMulAttrs, BatchMatMulAttrs, EinsumAttrs, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { LibtorchBackend } from '../LibtorchBackend.js';
import { addBiasAndActivate } from './elementwise.js';
import { kernel, type Tensors } from './kernel.js';

function matmul(backend: LibtorchBackend, { a, b }: Tensors<'a' | 'b'>, { transposeA, transposeB }: BatchMatMulAttrs): TensorInfo {
  return backend.output(backend.addon.matmul(backend.handle(a), backend.handle(b), transposeA, transposeB));
}

function fftKernel(kernelName: string, inverse: boolean): KernelConfig {
  return kernel<{ input: TensorInfo }>(kernelName, (backend, { input }) =>
    backend.output(backend.addon.fft(backend.handle(input), inverse)),
  );
}

export const matmulKernels: KernelConfig[] = [
  kernel<Tensors<'a' | 'b'>, BatchMatMulAttrs>('BatchMatMul', matmul),
  kernel<Tensors<'a' | 'b'> & Partial<Tensors<'bias' | 'preluActivationWeights'>>, _FusedMatMulAttrs>(
    '_FusedMatMul',
    (backend, inputs, attrs) => {
      const { a, b, bias, preluActivationWeights: preluWeights } = inputs;
      const product = matmul(backend, { a, b }, attrs);
      return addBiasAndActivate(backend, product, { bias, name: attrs.activation, preluWeights, leakyReluAlpha: attrs.leakyreluAlpha });
    },
  ),
  kernel<TensorInfo[], EinsumAttrs>('Einsum', (backend, operands, { equation }) =>
    backend.output(backend.addon.einsum(equation, backend.handles(Object.values(operands)))),
  ),
  fftKernel('FFT', false),
  fftKernel('IFFT', true),
];
