import {
  type ArgMaxAttrs,
  type CumsumAttrs,
  type KernelConfig,
  type SoftmaxAttrs,
  type TensorInfo,
  type TopKAttrs,
  util,
} from '@tensorflow/tfjs-core';
import type { ReductionName } from '../binding.js';
import { kernel, type Tensors } from './kernel.js';

type ReductionAttrs = { axis?: number | number[]; reductionIndices?: number | number[]; keepDims?: boolean };

/** Max calls its axes `reductionIndices`, every other reduction `axis`. */
function reductionKernel(kernelName: string, name: ReductionName): KernelConfig {
  return kernel<{ x: TensorInfo }, ReductionAttrs>(kernelName, (backend, { x }, { axis, reductionIndices, keepDims = false }) => {
    const axes = util.parseAxisParam(axis ?? reductionIndices ?? [...x.shape.keys()], x.shape).sort((a, b) => a - b);
    return backend.output(backend.addon[name](backend.handle(x), axes, keepDims));
  });
}

function argKernel(kernelName: string, name: 'argMax' | 'argMin'): KernelConfig {
  return kernel<Tensors<'x'>, ArgMaxAttrs>(kernelName, (backend, { x }, { axis }) => {
    const [first] = util.parseAxisParam(axis, x.shape);
    return backend.output(backend.addon[name](backend.handle(x), first));
  });
}

function cumulativeKernel(kernelName: string, name: 'cumsum' | 'cumprod'): KernelConfig {
  return kernel<Tensors<'x'>, CumsumAttrs>(kernelName, (backend, { x }, { axis, exclusive, reverse }) => {
    const [first] = util.parseAxisParam(axis, x.shape);
    return backend.output(backend.addon[name](backend.handle(x), first, exclusive, reverse));
  });
}

function lastAxis(dim: number, { shape }: TensorInfo): number {
  return dim < 0 ? dim + shape.length : dim;
}

export const reductionKernels: KernelConfig[] = [
  reductionKernel('Sum', 'sum'),
  reductionKernel('Prod', 'prod'),
  reductionKernel('Mean', 'mean'),
  reductionKernel('Max', 'max'),
  reductionKernel('Min', 'min'),
  reductionKernel('All', 'all'),
  reductionKernel('Any', 'any'),
  argKernel('ArgMax', 'argMax'),
  argKernel('ArgMin', 'argMin'),
  cumulativeKernel('Cumsum', 'cumsum'),
  cumulativeKernel('Cumprod', 'cumprod'),
  kernel<Tensors<'logits'>, SoftmaxAttrs>('Softmax', (backend, { logits }, { dim }) =>
    backend.output(backend.addon.softmax(backend.handle(logits), lastAxis(dim, logits))),
  ),
  kernel<{ logits: TensorInfo }, { axis: number }>('LogSoftmax', (backend, { logits }, { axis }) =>
    backend.output(backend.addon.logSoftmax(backend.handle(logits), lastAxis(axis, logits))),
  ),
  kernel<Tensors<'x'>, TopKAttrs>('TopK', (backend, { x }, { k }) => {
    const shape = [...x.shape.slice(0, -1), k];
    const [values, indices] = backend.addon.topK(backend.handle(x), k);
    return [backend.wrap(values, shape, x.dtype), backend.wrap(indices, shape, 'int32')];
  }),
];
