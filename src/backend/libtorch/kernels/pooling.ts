import { backend_util, type KernelConfig, type MaxPool3DAttrs, type MaxPoolAttrs, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { typeCode } from '../binding.js';
import { kernel, type Tensors } from './kernel.js';
import { pads2d, pads3d } from './pads.js';

type PoolAttrs = Pick<MaxPoolAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>;
type Pool3DAttrs = Pick<MaxPool3DAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>;
interface Geometry {
  size: number[];
  strides: number[];
  pads: number[];
  outShape: number[];
  /** tfjs's shortcut: windows of one value that keep the shape return x, whatever stride and padding say. */
  isIdentity: boolean;
}

function geometry2d(x: TensorInfo, { filterSize, strides, pad, dimRoundingMode }: PoolAttrs): Geometry {
  const shape = x.shape as [number, number, number, number]; // tfjs types shapes as number[]; its own helper wants the rank
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  return {
    size: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    pads: pads2d(info),
    outShape: info.outShape,
    isIdentity: info.filterHeight * info.filterWidth === 1 && util.arraysEqual(info.inShape, info.outShape),
  };
}

function geometry3d(x: TensorInfo, { filterSize, strides, pad, dimRoundingMode }: Pool3DAttrs): Geometry {
  const shape = x.shape as [number, number, number, number, number];
  const info = backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  return {
    size: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    pads: pads3d(info),
    outShape: info.outShape,
    isIdentity: false,
  };
}

/** The four kernels of one number of spatial axes. */
function poolKernels<Attrs>(suffix: '' | '3D', geometry: (x: TensorInfo, attrs: Attrs) => Geometry): KernelConfig[] {
  return [
    kernel<Tensors<'x'>, Attrs>(`MaxPool${suffix}`, (backend, { x }, attrs) => {
      const { size, strides, pads, outShape, isIdentity } = geometry(x, attrs);
      if (isIdentity) return backend.share(x);
      if (util.sizeFromShape(outShape) === 0) return backend.output(backend.addon.full(outShape, 0, typeCode(x.dtype)));
      return backend.output(backend.addon.maxPool(backend.handle(x), size, strides, pads));
    }),
    kernel<Tensors<'dy' | 'input' | 'output'>, Attrs>(`MaxPool${suffix}Grad`, (backend, inputs, attrs) => {
      const { size, strides, pads } = geometry(inputs.input, attrs);
      const [dy, x, y] = backend.handles([inputs.dy, inputs.input, inputs.output]);
      return backend.output(backend.addon.maxPoolGradient(dy, x, y, size, strides, pads));
    }),
    kernel<Tensors<'x'>, Attrs>(`AvgPool${suffix}`, (backend, { x }, attrs) => {
      const { size, strides, pads, outShape, isIdentity } = geometry(x, attrs);
      if (isIdentity) return backend.share(x);
      if (util.sizeFromShape(outShape) === 0) return backend.output(backend.addon.full(outShape, 0, typeCode('float32')));
      return backend.output(backend.addon.avgPool(backend.handle(x), size, strides, pads));
    }),
    kernel<Tensors<'dy' | 'input'>, Attrs>(`AvgPool${suffix}Grad`, (backend, { dy, input }, attrs) => {
      const { size, strides, pads } = geometry(input, attrs);
      return backend.output(backend.addon.avgPoolGradient(backend.handle(dy), backend.handle(input), size, strides, pads));
    }),
  ];
}

export const poolingKernels: KernelConfig[] = [...poolKernels<PoolAttrs>('', geometry2d), ...poolKernels<Pool3DAttrs>('3D', geometry3d)];
