import {
  type DataType,
  engine,
  getKernel,
  type KernelBackend,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { LibtorchBackend } from './LibtorchBackend.js';

/** Named tensors, lists of tensors, and (the ragged kernels) named lists. */
type Inputs = NamedTensorInfoMap | TensorInfo[] | Record<string, TensorInfo | TensorInfo[] | undefined>;

/**
 * Runs a kernel of tfjs's `cpu` backend on downloaded values and uploads what it returns: for the kernels that nothing here has natively
 * and for strings. Slow, and right.
 */
export function runOnCpu(backend: LibtorchBackend, kernelName: string, inputs: Inputs, attrs?: NamedAttrMap): TensorInfo | TensorInfo[] {
  const kernel = getKernel(kernelName, 'cpu');
  const cpu = engine().findBackend('cpu');
  if (!kernel || !cpu) throw new Error(`libtorch ${kernelName}: neither this backend nor cpu has this kernel`);
  const lent = new Map<object, TensorInfo>();
  const lend = (info: TensorInfo): TensorInfo => {
    const known = lent.get(info.dataId);
    const copy = known ?? upload(cpu, backend, info);
    lent.set(info.dataId, copy);
    // Some of cpu's kernels read the rank, which tensors have and tensor infos do not.
    return Object.assign({ dataId: copy.dataId, shape: info.shape, dtype: info.dtype }, { rank: info.shape.length });
  };
  const lendAll = (given: TensorInfo | TensorInfo[] | undefined) => (Array.isArray(given) ? given.map(lend) : given && lend(given));
  const cpuInputs = Array.isArray(inputs)
    ? inputs.map(lend)
    : Object.fromEntries(Object.entries(inputs).map(([name, given]) => [name, lendAll(given)]));
  try {
    // tfjs passes lists of tensors through the same parameter as named ones.
    const result = kernel.kernelFunc({ inputs: cpuInputs as NamedTensorInfoMap, attrs, backend: cpu });
    const outputs = (Array.isArray(result) ? result : [result]).map((info) => download(cpu, backend, info));
    return Array.isArray(result) ? outputs : outputs[0];
  } finally {
    for (const copy of lent.values()) cpu.disposeData(copy.dataId, true);
  }
}

function upload(cpu: KernelBackend, backend: LibtorchBackend, info: TensorInfo): TensorInfo {
  const values = backend.readSync(info.dataId);
  const { shape, dtype } = info;
  if (dtype !== 'complex64') return { dataId: cpu.write(values, shape, dtype), shape, dtype };
  const interleaved = values as Float32Array;
  const part = (offset: number): TensorInfo => {
    const numbers = Float32Array.from({ length: interleaved.length / 2 }, (_, i) => interleaved[2 * i + offset]);
    return { dataId: cpu.write(numbers, shape, 'float32'), shape, dtype: 'float32' };
  };
  const [real, imag] = [part(0), part(1)];
  const complex = getKernel('Complex', 'cpu').kernelFunc({ inputs: { real, imag }, backend: cpu }) as TensorInfo;
  cpu.disposeData(real.dataId);
  cpu.disposeData(imag.dataId);
  return complex;
}

function download(cpu: KernelBackend, backend: LibtorchBackend, info: TensorInfo): TensorInfo {
  const { dataId, shape, dtype }: { dataId: object; shape: number[]; dtype: DataType } = info;
  const result = { dataId: backend.write(cpu.readSync(dataId), shape, dtype), shape, dtype };
  cpu.disposeData(dataId);
  return result;
}
