import {
  backend_util,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type Conv3DAttrs,
  type Conv3DBackpropFilterV2Attrs,
  type Conv3DBackpropInputV2Attrs,
  type DepthwiseConv2dNativeAttrs,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type FusedConv2DAttrs,
  type KernelConfig,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { LibtorchBackend } from '../LibtorchBackend.js';
import { addBiasAndActivate } from './elementwise.js';
import { kernel, type Tensors } from './kernel.js';
import { pads2d, pads3d } from './pads.js';

type Four = [number, number, number, number];
type Five = [number, number, number, number, number];

/** tfjs types shapes as number[]; its own helpers want the rank. */
const four = (shape: number[]): Four => shape as Four;
const five = (shape: number[]): Five => shape as Five;

function conv2d(backend: LibtorchBackend, { x, filter }: Tensors<'x' | 'filter'>, attrs: Conv2DAttrs): TensorInfo {
  const { strides, pad, dataFormat, dilations, dimRoundingMode } = attrs;
  const format = backend_util.convertConv2DDataFormat(dataFormat);
  const info = backend_util.computeConv2DInfo(four(x.shape), four(filter.shape), strides, dilations, pad, dimRoundingMode, false, format);
  return backend.output(
    backend.addon.conv(
      backend.handle(x),
      backend.handle(filter),
      [info.strideHeight, info.strideWidth],
      pads2d(info),
      [info.dilationHeight, info.dilationWidth],
      format === 'channelsFirst',
    ),
  );
}

function conv2dBackpropInput(backend: LibtorchBackend, inputs: Tensors<'dy' | 'filter'>, attrs: Conv2DBackpropInputAttrs): TensorInfo {
  const { dy, filter } = inputs;
  const { strides, pad, dataFormat, dimRoundingMode, inputShape } = attrs;
  const format = backend_util.convertConv2DDataFormat(dataFormat);
  const info = backend_util.computeConv2DInfo(inputShape, four(filter.shape), strides, 1, pad, dimRoundingMode, false, format);
  return backend.output(
    backend.addon.convInputGradient(
      backend.handle(dy),
      backend.handle(filter),
      inputShape,
      [info.strideHeight, info.strideWidth],
      pads2d(info),
      format === 'channelsFirst',
    ),
  );
}

function conv2dBackpropFilter(backend: LibtorchBackend, inputs: Tensors<'x' | 'dy'>, attrs: Conv2DBackpropFilterAttrs): TensorInfo {
  const { x, dy } = inputs;
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs;
  const format = backend_util.convertConv2DDataFormat(dataFormat);
  const info = backend_util.computeConv2DInfo(four(x.shape), filterShape, strides, 1, pad, dimRoundingMode, false, format);
  return backend.output(
    backend.addon.convFilterGradient(
      backend.handle(x),
      backend.handle(dy),
      filterShape,
      [info.strideHeight, info.strideWidth],
      pads2d(info),
      format === 'channelsFirst',
    ),
  );
}

function conv3d(backend: LibtorchBackend, { x, filter }: Tensors<'x' | 'filter'>, { strides, pad, dilations }: Conv3DAttrs): TensorInfo {
  const info = backend_util.computeConv3DInfo(five(x.shape), five(filter.shape), strides, dilations, pad);
  return backend.output(
    backend.addon.conv(
      backend.handle(x),
      backend.handle(filter),
      [info.strideDepth, info.strideHeight, info.strideWidth],
      pads3d(info),
      [info.dilationDepth, info.dilationHeight, info.dilationWidth],
      false,
    ),
  );
}

function conv3dBackpropInput(
  backend: LibtorchBackend,
  { dy, filter }: Tensors<'dy' | 'filter'>,
  attrs: Conv3DBackpropInputV2Attrs,
): TensorInfo {
  const info = backend_util.computeConv3DInfo(attrs.inputShape, five(filter.shape), attrs.strides, 1, attrs.pad);
  const strides = [info.strideDepth, info.strideHeight, info.strideWidth];
  return backend.output(
    backend.addon.convInputGradient(backend.handle(dy), backend.handle(filter), attrs.inputShape, strides, pads3d(info), false),
  );
}

function conv3dBackpropFilter(backend: LibtorchBackend, { x, dy }: Tensors<'x' | 'dy'>, attrs: Conv3DBackpropFilterV2Attrs): TensorInfo {
  const info = backend_util.computeConv3DInfo(five(x.shape), attrs.filterShape, attrs.strides, 1, attrs.pad);
  const strides = [info.strideDepth, info.strideHeight, info.strideWidth];
  return backend.output(
    backend.addon.convFilterGradient(backend.handle(x), backend.handle(dy), attrs.filterShape, strides, pads3d(info), false),
  );
}

type DepthwiseAttrs = Pick<DepthwiseConv2dNativeAttrs, 'strides' | 'pad' | 'dilations' | 'dimRoundingMode'>;

function depthwiseInfo(shape: number[], filterShape: number[], attrs: DepthwiseAttrs) {
  const info = backend_util.computeConv2DInfo(
    four(shape),
    four(filterShape),
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
  return {
    strides: [info.strideHeight, info.strideWidth],
    pads: pads2d(info),
    dilations: [info.dilationHeight, info.dilationWidth],
  };
}

function depthwise(backend: LibtorchBackend, { x, filter }: Tensors<'x' | 'filter'>, attrs: DepthwiseAttrs): TensorInfo {
  const { strides, pads, dilations } = depthwiseInfo(x.shape, filter.shape, attrs);
  return backend.output(backend.addon.depthwiseConv(backend.handle(x), backend.handle(filter), strides, pads, dilations));
}

type DepthwiseInputAttrs = DepthwiseConv2dNativeBackpropInputAttrs;
type DepthwiseFilterAttrs = DepthwiseConv2dNativeBackpropFilterAttrs;

function depthwiseBackpropInput(
  backend: LibtorchBackend,
  { dy, filter }: Tensors<'dy' | 'filter'>,
  attrs: DepthwiseInputAttrs,
): TensorInfo {
  const { strides, pads, dilations } = depthwiseInfo(attrs.inputShape, filter.shape, attrs);
  const [dyHandle, filterHandle] = backend.handles([dy, filter]);
  return backend.output(backend.addon.depthwiseInputGradient(dyHandle, filterHandle, attrs.inputShape, strides, pads, dilations));
}

function depthwiseBackpropFilter(backend: LibtorchBackend, { x, dy }: Tensors<'x' | 'dy'>, attrs: DepthwiseFilterAttrs): TensorInfo {
  const { strides, pads, dilations } = depthwiseInfo(x.shape, attrs.filterShape, attrs);
  const [xHandle, dyHandle] = backend.handles([x, dy]);
  return backend.output(backend.addon.depthwiseFilterGradient(xHandle, dyHandle, attrs.filterShape, strides, pads, dilations));
}

/** After a convolution: bias and activation, aligned to the channels in both data formats. */
function finish(
  backend: LibtorchBackend,
  y: TensorInfo,
  inputs: Tensors<'x' | 'filter'> & Partial<Tensors<'bias' | 'preluActivationWeights'>>,
  attrs: FusedConv2DAttrs,
): TensorInfo {
  const isChannelsFirst = attrs.dataFormat === 'NCHW';
  const made: TensorInfo[] = [];
  const aligned = (info: TensorInfo | undefined): TensorInfo | undefined => {
    if (!info || !isChannelsFirst || info.shape.length !== 1 || info.shape[0] === 1) return info;
    const column = backend.output(backend.addon.reshape(backend.handle(info), [info.shape[0], 1, 1]));
    made.push(column);
    return column;
  };
  const result = addBiasAndActivate(backend, y, {
    bias: aligned(inputs.bias),
    name: attrs.activation,
    preluWeights: aligned(inputs.preluActivationWeights),
    leakyReluAlpha: attrs.leakyreluAlpha,
  });
  for (const info of made) backend.discard(info);
  return result;
}

export const convolutionKernels: KernelConfig[] = [
  kernel<Tensors<'x' | 'filter'>, Conv2DAttrs>('Conv2D', conv2d),
  kernel<Tensors<'dy' | 'filter'>, Conv2DBackpropInputAttrs>('Conv2DBackpropInput', conv2dBackpropInput),
  kernel<Tensors<'x' | 'dy'>, Conv2DBackpropFilterAttrs>('Conv2DBackpropFilter', conv2dBackpropFilter),
  kernel<Tensors<'x' | 'filter'> & Partial<Tensors<'bias' | 'preluActivationWeights'>>, FusedConv2DAttrs>(
    'FusedConv2D',
    (backend, inputs, attrs) => finish(backend, conv2d(backend, inputs, attrs), inputs, attrs),
  ),
  kernel<Tensors<'x' | 'filter'> & Partial<Tensors<'bias' | 'preluActivationWeights'>>, FusedConv2DAttrs>(
    'FusedDepthwiseConv2D',
    (backend, inputs, attrs) => finish(backend, depthwise(backend, inputs, attrs), inputs, attrs),
  ),
  kernel<Tensors<'x' | 'filter'>, Conv3DAttrs>('Conv3D', conv3d),
  kernel<Tensors<'dy' | 'filter'>, Conv3DBackpropInputV2Attrs>('Conv3DBackpropInputV2', conv3dBackpropInput),
  kernel<Tensors<'x' | 'dy'>, Conv3DBackpropFilterV2Attrs>('Conv3DBackpropFilterV2', conv3dBackpropFilter),
  kernel<Tensors<'x' | 'filter'>, DepthwiseConv2dNativeAttrs>('DepthwiseConv2dNative', depthwise),
  kernel<Tensors<'dy' | 'filter'>, DepthwiseInputAttrs>('DepthwiseConv2dNativeBackpropInput', depthwiseBackpropInput),
  kernel<Tensors<'x' | 'dy'>, DepthwiseFilterAttrs>('DepthwiseConv2dNativeBackpropFilter', depthwiseBackpropFilter),
];
