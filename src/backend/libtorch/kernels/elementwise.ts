import {
  type CastAttrs,
  type ClipByValueAttrs,
  type FusedBatchNormAttrs,
  type KernelConfig,
  type LeakyReluAttrs,
  type StepAttrs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { type BinaryName, none, typeCode, type UnaryName } from '../binding.js';
import type { LibtorchBackend } from '../LibtorchBackend.js';
import { runOnCpu } from '../runOnCpu.js';
import { kernel, type Tensors } from './kernel.js';

// biome-ignore format: a table
const unaryKernels: Record<string, UnaryName> = {
  Abs: 'abs', Acos: 'acos', Acosh: 'acosh', Asin: 'asin', Asinh: 'asinh', Atan: 'atan', Atanh: 'atanh', Ceil: 'ceil', ComplexAbs: 'abs', Cos: 'cos',
  Cosh: 'cosh', Diag: 'diagonal', Elu: 'elu', Erf: 'erf', Exp: 'exp', Expm1: 'expm1', Floor: 'floor', IsFinite: 'isFinite', IsInf: 'isInf', IsNan: 'isNan',
  Log: 'log', Log1p: 'log1p', LogicalNot: 'logicalNot', Neg: 'neg', Reciprocal: 'reciprocal', Relu: 'relu', Relu6: 'relu6', Round: 'round', Rsqrt: 'rsqrt',
  Selu: 'selu', Sigmoid: 'sigmoid', Sign: 'sign', Sin: 'sin', Sinh: 'sinh', Softplus: 'softplus', Sqrt: 'sqrt', Square: 'square', Tan: 'tan', Tanh: 'tanh',
};

// biome-ignore format: a table
const binaryKernels: Record<string, BinaryName> = {
  Add: 'add', Sub: 'sub', Multiply: 'mul', RealDiv: 'div', FloorDiv: 'floorDiv', Mod: 'mod', Pow: 'pow', Maximum: 'maximum', Minimum: 'minimum',
  SquaredDifference: 'squaredDifference', Atan2: 'atan2', BitwiseAnd: 'bitwiseAnd', Equal: 'equal', NotEqual: 'notEqual', Greater: 'greater',
  GreaterEqual: 'greaterEqual', Less: 'less', LessEqual: 'lessEqual', LogicalAnd: 'logicalAnd', LogicalOr: 'logicalOr',
};

function unaryKernel(kernelName: string, name: UnaryName): KernelConfig {
  return kernel<Tensors<'x'>>(kernelName, (backend, { x }) => backend.output(backend.addon[name](backend.handle(x))));
}

function binaryKernel(kernelName: string, name: BinaryName, first = 'a', second = 'b'): KernelConfig {
  return kernel<Record<string, TensorInfo>>(kernelName, (backend, inputs) =>
    backend.output(backend.addon[name](backend.handle(inputs[first]), backend.handle(inputs[second]))),
  );
}

function cast(backend: LibtorchBackend, x: TensorInfo, { dtype }: CastAttrs): TensorInfo {
  if (x.dtype === dtype) return backend.share(x);
  if (dtype === 'string') return runOnCpu(backend, 'Cast', { x }, { dtype }) as TensorInfo; // one output, as the kernel has
  return backend.output(backend.addon.cast(backend.handle(x), typeCode(dtype)));
}

/** A rank 1 condition chooses whole rows. */
function select(backend: LibtorchBackend, { condition, t, e }: Tensors<'condition' | 't' | 'e'>): TensorInfo {
  const isPerRow = condition.shape.length === 1 && t.shape.length > 1;
  const handle = backend.handle(condition);
  if (!isPerRow) return backend.output(backend.addon.select(handle, backend.handle(t), backend.handle(e)));
  const column = backend.addon.reshape(handle, [condition.shape[0], ...t.shape.slice(1).map(() => 1)]);
  const result = backend.output(backend.addon.select(column, backend.handle(t), backend.handle(e)));
  backend.addon.release(column);
  return result;
}

export const elementwiseKernels: KernelConfig[] = [
  ...Object.entries(unaryKernels).map(([kernelName, name]) => unaryKernel(kernelName, name)),
  ...Object.entries(binaryKernels).map(([kernelName, name]) => binaryKernel(kernelName, name)),
  binaryKernel('EluGrad', 'eluGrad', 'dy', 'y'),
  binaryKernel('Complex', 'complex', 'real', 'imag'),
  kernel<Tensors<'x' | 'alpha'>>('Prelu', (backend, { x, alpha }) =>
    backend.output(backend.addon.prelu(backend.handle(x), backend.handle(alpha))),
  ),
  kernel<{ input: TensorInfo }>('Real', (backend, { input }) => backend.output(backend.addon.real(backend.handle(input)))),
  kernel<{ input: TensorInfo }>('Imag', (backend, { input }) => backend.output(backend.addon.imaginary(backend.handle(input)))),
  kernel<Tensors<'x'>>('Identity', (backend, { x }) => backend.share(x)),
  kernel<Tensors<'x'>, CastAttrs>('Cast', (backend, { x }, attrs) => cast(backend, x, attrs)),
  kernel<Tensors<'x'>, ClipByValueAttrs>('ClipByValue', (backend, { x }, { clipValueMin, clipValueMax }) =>
    backend.output(backend.addon.clip(backend.handle(x), clipValueMin, clipValueMax)),
  ),
  kernel<Tensors<'x'>, LeakyReluAttrs>('LeakyRelu', (backend, { x }, { alpha }) =>
    backend.output(backend.addon.leakyRelu(backend.handle(x), alpha)),
  ),
  kernel<Tensors<'x'>, StepAttrs>('Step', (backend, { x }, { alpha }) => backend.output(backend.addon.step(backend.handle(x), alpha))),
  kernel<Tensors<'condition' | 't' | 'e'>>('Select', select),
  kernel<TensorInfo[]>('AddN', (backend, terms) => {
    for (const term of terms) util.assertShapesMatch(terms[0].shape, term.shape, 'AddN: ');
    return backend.output(backend.addon.addN(backend.handles(terms)));
  }),
  kernel<Tensors<'x' | 'mean' | 'variance'> & Partial<Tensors<'offset' | 'scale'>>, FusedBatchNormAttrs>(
    'FusedBatchNorm',
    (backend, inputs, { varianceEpsilon }) => {
      const { x, mean, variance, offset, scale } = inputs;
      const optional = (info: TensorInfo | undefined): number => (info ? backend.handle(info) : none);
      return backend.output(
        backend.addon.batchNorm(
          backend.handle(x),
          backend.handle(mean),
          backend.handle(variance),
          optional(offset),
          optional(scale),
          varianceEpsilon,
        ),
      );
    },
  ),
];

/** What the fused kernels of tfjs do after their product: x + bias, then the activation. Frees `x`. */
export function addBiasAndActivate(backend: LibtorchBackend, x: TensorInfo, activation: FusedActivation): TensorInfo {
  const { bias, name, preluWeights, leakyReluAlpha = 0.2 } = activation;
  let result = x;
  const replace = (next: TensorInfo): void => {
    backend.discard(result);
    result = next;
  };
  const { addon } = backend;
  if (bias) replace(backend.output(addon.add(backend.handle(result), backend.handle(bias))));
  if (!name || name === 'linear') return result;
  if (name === 'prelu') replace(backend.output(addon.prelu(backend.handle(result), backend.handle(preluWeights!))));
  else if (name === 'leakyrelu') replace(backend.output(addon.leakyRelu(backend.handle(result), leakyReluAlpha)));
  else if (name === 'relu' || name === 'relu6' || name === 'elu' || name === 'sigmoid')
    replace(backend.output(addon[name](backend.handle(result))));
  else throw new Error(`Activation ${name} has not been implemented for the libtorch backend.`);
  return result;
}

export interface FusedActivation {
  bias?: TensorInfo;
  name?: string;
  preluWeights?: TensorInfo;
  leakyReluAlpha?: number;
}
