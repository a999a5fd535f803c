import {
  type _FusedMatMulAttrs,
  type BatchMatMulAttrs,
  backend_util,
  type EinsumAttrs,
  type KernelConfig,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import type { LibtorchBackend } from '../LibtorchBackend.js';
import { addBiasAndActivate } from './elementwise.js';
import { kernel, type Tensors } from './kernel.js';

function matmul(backend: LibtorchBackend, { a, b }: Tensors<'a' | 'b'>, { transposeA, transposeB }: BatchMatMulAttrs): TensorInfo {
  util.assert(
    a.shape.length >= 2 && b.shape.length >= 2,
    () => `Error in matMul: inputs must have rank 2 or more, got [${a.shape}] and [${b.shape}]`,
  );
  return backend.output(backend.addon.matmul(backend.handle(a), backend.handle(b), transposeA, transposeB));
}

function einsum(backend: LibtorchBackend, operands: TensorInfo[], equation: string): TensorInfo {
  // tfjs's own reading of the equation: what it refuses (repeated axes, more than two operands) is refused here too.
  const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, operands.length);
  const tensors = operands as Parameters<typeof backend_util.checkEinsumDimSizes>[2]; // it reads only shapes
  backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors);
  return backend.output(backend.addon.einsum(equation, backend.handles(operands)));
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
  kernel<TensorInfo[], EinsumAttrs>('Einsum', (backend, inputs, { equation }) => einsum(backend, Object.values(inputs), equation)),
  kernel<Tensors<'matrix'>>('AudiosslSymmetricEigen', (backend, { matrix }) => {
    const [values, vectors] = backend.addon.symmetricEigen(backend.handle(matrix));
    return [backend.wrap(values, [matrix.shape[0]], 'float32'), backend.wrap(vectors, matrix.shape, 'float32')];
  }),
  fftKernel('FFT', false),
  fftKernel('IFFT', true),
];
