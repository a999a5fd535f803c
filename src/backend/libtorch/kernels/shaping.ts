import {
  type BatchToSpaceNDAttrs,
  type BroadCastToAttrs,
  backend_util,
  type ConcatAttrs,
  type DepthToSpaceAttrs,
  type ExpandDimsAttrs,
  type KernelConfig,
  type MirrorPadAttrs,
  type PackAttrs,
  type PadV2Attrs,
  type ReshapeAttrs,
  type ReverseAttrs,
  type SliceAttrs,
  type SpaceToBatchNDAttrs,
  type SplitVAttrs,
  type StridedSliceAttrs,
  slice_util,
  type TensorInfo,
  type TileAttrs,
  type TransposeAttrs,
  type UnpackAttrs,
  util,
} from '@tensorflow/tfjs-core';
import type { Handle } from '../binding.js';
import type { LibtorchBackend } from '../LibtorchBackend.js';
import { kernel, type Tensors } from './kernel.js';

function reshape(backend: LibtorchBackend, x: TensorInfo, shape: number[]): TensorInfo {
  const size = util.sizeFromShape(x.shape);
  const known = util.inferFromImplicitShape(shape, size);
  util.assert(
    size === util.sizeFromShape(known),
    () => `The new shape (${known}) has ${util.sizeFromShape(known)} elements and the old shape (${x.shape}) has ${size} elements.`,
  );
  return backend.output(backend.addon.reshape(backend.handle(x), known));
}

function expandDims(backend: LibtorchBackend, input: TensorInfo, dim: number): TensorInfo {
  const rank = input.shape.length;
  util.assert(dim >= -(rank + 1) && dim <= rank, () => `Axis must be in the interval [${-(rank + 1)}, ${rank}], got ${dim}`);
  const at = dim < 0 ? dim + input.shape.length + 1 : dim;
  return reshape(backend, input, [...input.shape.slice(0, at), 1, ...input.shape.slice(at)]);
}

function stridedSlice(backend: LibtorchBackend, x: TensorInfo, attrs: StridedSliceAttrs): TensorInfo {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
  const info = slice_util.sliceInfo(x.shape, begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask);
  if (info.isIdentity) return reshape(backend, x, info.finalShape);
  // Where a slice runs backwards past its start (begin >= end) nothing is left of that axis.
  const size = slice_util.computeOutShape(info.begin, info.end, info.strides);
  return chain(backend, x, [
    (h) => backend.addon.stridedSlice(h, info.begin, info.strides, size),
    (h) => backend.addon.reshape(h, info.finalShape),
  ]);
}

/** Calls in a row, freeing what lies between. */
function chain(backend: LibtorchBackend, x: TensorInfo, steps: ((handle: Handle) => Handle)[]): TensorInfo {
  let handle = backend.handle(x);
  for (const [i, step] of steps.entries()) {
    const next = step(handle);
    if (i > 0) backend.addon.release(handle);
    handle = next;
  }
  return backend.output(handle);
}

function batchToSpace(backend: LibtorchBackend, x: TensorInfo, { blockShape, crops }: BatchToSpaceNDAttrs): TensorInfo {
  const block = blockShape.reduce((a, b) => a * b);
  const split = backend_util.getReshaped(x.shape, blockShape, block);
  const merged = backend_util.getReshapedPermuted(x.shape, blockShape, block);
  const { addon } = backend;
  return chain(backend, x, [
    (h) => addon.reshape(h, split),
    (h) => addon.transpose(h, backend_util.getPermuted(split.length, blockShape.length)),
    (h) => addon.reshape(h, merged),
    (h) =>
      addon.slice(
        h,
        backend_util.getSliceBeginCoords(crops, blockShape.length),
        backend_util.getSliceSize(merged, crops, blockShape.length),
      ),
  ]);
}

function spaceToBatch(backend: LibtorchBackend, x: TensorInfo, { blockShape, paddings }: SpaceToBatchNDAttrs): TensorInfo {
  const block = blockShape.reduce((a, b) => a * b);
  const all = [[0, 0], ...paddings, ...x.shape.slice(1 + blockShape.length).map(() => [0, 0])];
  const padded = x.shape.map((size, axis) => size + all[axis][0] + all[axis][1]);
  const split = backend_util.getReshaped(padded, blockShape, block, false);
  const { addon } = backend;
  return chain(backend, x, [
    (h) => addon.pad(h, all.flat(), 0),
    (h) => addon.reshape(h, split),
    (h) => addon.transpose(h, backend_util.getPermuted(split.length, blockShape.length, false)),
    (h) => addon.reshape(h, backend_util.getReshapedPermuted(padded, blockShape, block, false)),
  ]);
}

/** [batch, height, width, block * block * depth] -> [batch, height * block, width * block, depth] */
function depthToSpace(backend: LibtorchBackend, x: TensorInfo, { blockSize, dataFormat }: DepthToSpaceAttrs): TensorInfo {
  util.assert(dataFormat === 'NHWC', () => `Only NHWC dataFormat supported on libtorch for depthToSpace. Got ${dataFormat}`);
  const [batch, height, width, channels] = x.shape;
  const depth = channels / (blockSize * blockSize);
  return chain(backend, x, [
    (h) => backend.addon.reshape(h, [batch, height, width, blockSize, blockSize, depth]),
    (h) => backend.addon.transpose(h, [0, 1, 3, 2, 4, 5]),
    (h) => backend.addon.reshape(h, [batch, height * blockSize, width * blockSize, depth]),
  ]);
}

function splitV(backend: LibtorchBackend, x: TensorInfo, { numOrSizeSplits, axis }: SplitVAttrs): TensorInfo[] {
  const [first] = util.parseAxisParam(axis, x.shape);
  const sizes = backend_util.prepareSplitSize(x, numOrSizeSplits, first);
  const shapeOf = (size: number): number[] => x.shape.map((length, at) => (at === first ? size : length));
  return backend.addon.split(backend.handle(x), sizes, first).map((handle, i) => backend.wrap(handle, shapeOf(sizes[i]), x.dtype));
}

function concat(backend: LibtorchBackend, parts: TensorInfo[], axis: number): TensorInfo {
  const [first] = util.parseAxisParam(axis, parts[0].shape);
  const shapes = parts.map((part) => part.shape);
  backend_util.assertParamsConsistent(shapes, first);
  return backend.output(backend.addon.concat(backend.handles(parts), first));
}

function pack(backend: LibtorchBackend, parts: TensorInfo[], axis: number): TensorInfo {
  for (const part of parts) {
    util.assertShapesMatch(parts[0].shape, part.shape, 'All tensors passed to stack must have matching shapes');
    util.assert(part.dtype === parts[0].dtype, () => 'All tensors passed to stack must have matching dtypes');
  }
  return backend.output(backend.addon.stack(backend.handles(parts), axis));
}

export const shapingKernels: KernelConfig[] = [
  kernel<Tensors<'x'>, ReshapeAttrs>('Reshape', (backend, { x }, { shape }) => reshape(backend, x, shape)),
  kernel<{ input: TensorInfo }, ExpandDimsAttrs>('ExpandDims', (backend, { input }, { dim }) => expandDims(backend, input, dim)),
  kernel<Tensors<'x'>, SliceAttrs>('Slice', (backend, { x }, { begin, size }) => {
    const [from, lengths] = slice_util.parseSliceParams(x, begin, size);
    slice_util.assertParamsValid(x, from, lengths);
    return backend.output(backend.addon.slice(backend.handle(x), from, lengths));
  }),
  kernel<Tensors<'x'>, StridedSliceAttrs>('StridedSlice', (backend, { x }, attrs) => stridedSlice(backend, x, attrs)),
  kernel<TensorInfo[], ConcatAttrs>('Concat', (backend, inputs, { axis }) => concat(backend, Object.values(inputs), axis)),
  kernel<TensorInfo[], PackAttrs>('Pack', (backend, inputs, { axis }) => pack(backend, Object.values(inputs), axis)),
  kernel<Tensors<'value'>, UnpackAttrs>('Unpack', (backend, { value }, { axis }) => {
    const at = axis < 0 ? axis + value.shape.length : axis;
    const shape = value.shape.filter((_, i) => i !== at);
    return backend.addon.unstack(backend.handle(value), at).map((handle) => backend.wrap(handle, shape, value.dtype));
  }),
  kernel<Tensors<'x'>, SplitVAttrs>('SplitV', (backend, { x }, attrs) => splitV(backend, x, attrs)),
  kernel<Tensors<'x'>, PadV2Attrs>('PadV2', (backend, { x }, { paddings, constantValue }) =>
    backend.output(backend.addon.pad(backend.handle(x), paddings.flat(), constantValue)),
  ),
  kernel<Tensors<'x'>, MirrorPadAttrs>('MirrorPad', (backend, { x }, { paddings, mode }) =>
    backend.output(backend.addon.mirrorPad(backend.handle(x), paddings.flat(), mode === 'reflect' ? 1 : 0)),
  ),
  kernel<Tensors<'x'>, TileAttrs>('Tile', (backend, { x }, { reps }) => backend.output(backend.addon.tile(backend.handle(x), reps))),
  kernel<Tensors<'x'>, BroadCastToAttrs>('BroadcastTo', (backend, { x }, { shape }) =>
    backend.output(backend.addon.broadcastTo(backend.handle(x), shape)),
  ),
  kernel<Tensors<'x'>, TransposeAttrs>('Transpose', (backend, { x }, { perm }) =>
    backend.output(backend.addon.transpose(backend.handle(x), perm)),
  ),
  kernel<Tensors<'x'>, ReverseAttrs>('Reverse', (backend, { x }, { dims }) =>
    backend.output(backend.addon.reverse(backend.handle(x), util.parseAxisParam(dims, x.shape))),
  ),
  kernel<{ image: TensorInfo }>('FlipLeftRight', (backend, { image }) => backend.output(backend.addon.reverse(backend.handle(image), [2]))),
  kernel<Tensors<'x'>, BatchToSpaceNDAttrs>('BatchToSpaceND', (backend, { x }, attrs) => batchToSpace(backend, x, attrs)),
  kernel<Tensors<'x'>, SpaceToBatchNDAttrs>('SpaceToBatchND', (backend, { x }, attrs) => spaceToBatch(backend, x, attrs)),
  kernel<Tensors<'x'>, DepthToSpaceAttrs>('DepthToSpace', (backend, { x }, attrs) => depthToSpace(backend, x, attrs)),
];
