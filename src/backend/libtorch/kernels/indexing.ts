import {
  type BincountAttrs,
  backend_util,
  type DenseBincountAttrs,
  type FillAttrs,
  type GatherV2Attrs,
  type KernelConfig,
  type LinSpaceAttrs,
  type OneHotAttrs,
  type ScatterNdAttrs,
  type TensorInfo,
  type UnsortedSegmentSumAttrs,
  util,
} from '@tensorflow/tfjs-core';
import { type Handle, typeCode } from '../binding.js';
import type { LibtorchBackend } from '../LibtorchBackend.js';
import { runOnCpu } from '../runOnCpu.js';
import { kernel, type Tensors } from './kernel.js';

function gather(backend: LibtorchBackend, { x, indices }: Tensors<'x' | 'indices'>, { axis, batchDims = 0 }: GatherV2Attrs): TensorInfo {
  const [first] = util.parseAxisParam(axis, x.shape);
  const { batchSize, outerSize, dimSize, sliceSize, outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(
    // It reads only shapes, but asks for whole tensors.
    x as Parameters<typeof backend_util.segment_util.collectGatherOpShapeInfo>[0],
    indices as Parameters<typeof backend_util.segment_util.collectGatherOpShapeInfo>[1],
    first,
    batchDims,
  );
  const { addon } = backend;
  const flat = addon.reshape(backend.handle(x), [batchSize, outerSize, dimSize, sliceSize]);
  const flatIndices = addon.reshape(backend.handle(indices), [batchSize, util.sizeFromShape(indices.shape) / batchSize]);
  try {
    const gathered = addon.gather(flat, flatIndices);
    const result = backend.output(addon.reshape(gathered, outputShape));
    addon.release(gathered);
    return result;
  } finally {
    addon.release(flat);
    addon.release(flatIndices);
  }
}

function gatherNd(backend: LibtorchBackend, { params, indices }: Tensors<'params' | 'indices'>): TensorInfo {
  const [shape] = backend_util.prepareAndValidate(params, indices);
  const dimensions = params.shape.slice(0, indices.shape[indices.shape.length - 1]);
  const rows = backend.addon.gatherNd(backend.handle(params), backend.handle(indices), dimensions);
  const result = backend.output(backend.addon.reshape(rows, shape));
  backend.addon.release(rows);
  return result;
}

function scatterNd(backend: LibtorchBackend, inputs: Tensors<'indices' | 'updates'>, { shape }: ScatterNdAttrs): TensorInfo {
  return scatterRows(backend, inputs, shape, (where, rows, dimensions) => backend.addon.scatterNd(where, rows, dimensions));
}

function scatterUpdate(backend: LibtorchBackend, { tensor, ...inputs }: Tensors<'tensor' | 'indices' | 'updates'>): TensorInfo {
  return scatterRows(backend, inputs, tensor.shape, (where, rows, dimensions) =>
    backend.addon.scatterUpdate(backend.handle(tensor), where, rows, dimensions),
  );
}

function scatterRows(
  backend: LibtorchBackend,
  { indices, updates }: Tensors<'indices' | 'updates'>,
  shape: number[],
  scatter: (where: Handle, rows: Handle, dimensions: number[]) => Handle,
): TensorInfo {
  const { addon } = backend;
  const { sliceRank, numUpdates, sliceSize } = backend_util.calculateShapes(updates, indices, shape);
  const where = addon.reshape(backend.handle(indices), [numUpdates, sliceRank]);
  const rows = addon.reshape(backend.handle(updates), [numUpdates, sliceSize]);
  try {
    const scattered = scatter(where, rows, shape.slice(0, sliceRank));
    const result = backend.output(addon.reshape(scattered, shape));
    addon.release(scattered);
    return result;
  } finally {
    addon.release(where);
    addon.release(rows);
  }
}

function segmentSum(backend: LibtorchBackend, inputs: Tensors<'x' | 'segmentIds'>, { numSegments }: UnsortedSegmentSumAttrs): TensorInfo {
  const { x, segmentIds } = inputs;
  const { addon } = backend;
  const rows = util.sizeFromShape(segmentIds.shape);
  const inner = x.shape.slice(segmentIds.shape.length);
  const flat = addon.reshape(backend.handle(x), [rows, util.sizeFromShape(inner)]);
  const ids = addon.reshape(backend.handle(segmentIds), [rows]);
  const sums = addon.segmentSum(flat, ids, numSegments);
  const result = backend.output(addon.reshape(sums, [numSegments, ...inner]));
  for (const handle of [flat, ids, sums]) addon.release(handle);
  return result;
}

function fill(backend: LibtorchBackend, { shape, value, dtype }: FillAttrs): TensorInfo {
  const type = dtype ?? util.inferDtype(value);
  if (typeof value === 'string' || type === 'string') {
    const encoded = util.encodeString(String(value));
    return { dataId: backend.write(new Array(util.sizeFromShape(shape)).fill(encoded), shape, 'string'), shape, dtype: 'string' };
  }
  return backend.output(backend.addon.full(shape, Number(value), typeCode(type)));
}

function oneHot(backend: LibtorchBackend, indices: TensorInfo, { depth, onValue, offValue, dtype }: OneHotAttrs): TensorInfo {
  const rows = backend.addon.oneHot(backend.handle(indices), depth, onValue, offValue, typeCode(dtype));
  const result = backend.output(backend.addon.reshape(rows, [...indices.shape, depth]));
  backend.addon.release(rows);
  return result;
}

function bincount(backend: LibtorchBackend, { x, weights }: Tensors<'x' | 'weights'>, size: number): TensorInfo {
  return backend.output(backend.addon.bincount(backend.handle(x), backend.handle(weights), size));
}

export const indexingKernels: KernelConfig[] = [
  kernel<Tensors<'x' | 'indices'>, GatherV2Attrs>('GatherV2', gather),
  kernel<Tensors<'params' | 'indices'>>('GatherNd', gatherNd),
  kernel<Tensors<'indices' | 'updates'>, ScatterNdAttrs>('ScatterNd', scatterNd),
  kernel<Tensors<'tensor' | 'indices' | 'updates'>>('TensorScatterUpdate', scatterUpdate),
  kernel<Tensors<'x' | 'segmentIds'>, UnsortedSegmentSumAttrs>('UnsortedSegmentSum', segmentSum),
  kernel<Tensors<'indices'>, OneHotAttrs>('OneHot', (backend, { indices }, attrs) => oneHot(backend, indices, attrs)),
  kernel<Tensors<'x' | 'weights'>, BincountAttrs>('Bincount', (backend, inputs, { size }) => bincount(backend, inputs, size)),
  kernel<Tensors<'x' | 'weights'>, DenseBincountAttrs>('DenseBincount', (backend, inputs, attrs) =>
    inputs.x.shape.length === 1 && !attrs.binaryOutput
      ? bincount(backend, inputs, attrs.size)
      : runOnCpu(backend, 'DenseBincount', { ...inputs }, { ...attrs }),
  ),
  kernel<object, FillAttrs>('Fill', (backend, _, attrs) => fill(backend, attrs)),
  kernel<Tensors<'x'>>('ZerosLike', (backend, { x }) => backend.output(backend.addon.full(x.shape, 0, typeCode(x.dtype)))),
  kernel<Tensors<'x'>>('OnesLike', (backend, { x }) => backend.output(backend.addon.full(x.shape, 1, typeCode(x.dtype)))),
  kernel<object, LinSpaceAttrs>('LinSpace', (backend, _, { start, stop, num }) => backend.output(backend.addon.linspace(start, stop, num))),
];
