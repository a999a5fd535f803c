import { backend_util } from '@tensorflow/tfjs-core';
import { AudiosslError } from '../../util/errors.js';

/** What a convolution's gradients need to know, in the forward convolution's terms: x `[batch, inHeight, inWidth, inChannels]`. */
export type ConvGeometry = backend_util.Conv2DInfo;

/** Attributes of tfjs's Conv2DBackpropInput and Conv2DBackpropFilter. */
export interface ConvGradientAttrs {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4D = [number, number, number, number];

/** @throws where the layout is not NHWC: wasm's own Conv2D knows no other */
export function convGeometry(who: string, xShape: number[], filterShape: number[], attrs: ConvGradientAttrs): ConvGeometry {
  const { strides, pad, dataFormat, dimRoundingMode } = attrs;
  if (dataFormat !== 'NHWC') throw new AudiosslError(`${who}: the wasm backend needs dataFormat NHWC, got ${dataFormat}`);
  return backend_util.computeConv2DInfo(xShape as Shape4D, filterShape as Shape4D, strides, 1, pad, dimRoundingMode, false, 'channelsLast');
}

/** Explicit padding of tfjs's Conv2D for an NHWC tensor. */
export function explicitPadding(rows: [number, number], columns: [number, number]): backend_util.ExplicitPadding {
  return [[0, 0], rows, columns, [0, 0]];
}
