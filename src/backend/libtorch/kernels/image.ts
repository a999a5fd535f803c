import type { CropAndResizeAttrs, KernelConfig, ResizeBilinearAttrs } from '@tensorflow/tfjs-core';
import { kernel, type Tensors } from './kernel.js';

interface AxisWeights {
  low: number[];
  high: number[];
  fractions: number[];
}
type Rule = Pick<ResizeBilinearAttrs, 'alignCorners' | 'halfPixelCenters'>;

/** Input length / output length, or the distance of the corners where these are aligned. */
function scaleOf(input: number, output: number, alignCorners: boolean): number {
  return alignCorners && output > 1 ? (input - 1) / (output - 1) : input / output;
}

/** For each output position the two input positions around it and how far between them it lies. */
function bilinear(input: number, output: number, { alignCorners, halfPixelCenters }: Rule): AxisWeights {
  const scale = scaleOf(input, output, alignCorners);
  const positions = Array.from({ length: output }, (_, i) => (halfPixelCenters ? scale * (i + 0.5) - 0.5 : scale * i));
  const low = positions.map((position) => Math.max(0, Math.floor(position)));
  const high = positions.map((position) => Math.max(0, Math.min(input - 1, Math.ceil(position))));
  return { low, high, fractions: positions.map((position, i) => Math.max(0, position - low[i])) };
}

/** For each output position the nearest input position. */
function nearest(input: number, output: number, { alignCorners, halfPixelCenters }: Rule): AxisWeights {
  const scale = scaleOf(input, output, alignCorners);
  const low = Array.from({ length: output }, (_, i) => {
    const position = halfPixelCenters ? scale * (i + 0.5) : scale * i;
    return Math.min(input - 1, alignCorners ? Math.round(position) : Math.floor(position));
  });
  return { low, high: [], fractions: [] };
}

type Weights = (input: number, output: number, rule: Rule) => AxisWeights;

function resizeKernel(kernelName: string, weights: Weights): KernelConfig {
  return kernel<Tensors<'images'>, ResizeBilinearAttrs>(kernelName, (backend, { images }, attrs) => {
    const rows = weights(images.shape[1], attrs.size[0], attrs);
    const columns = weights(images.shape[2], attrs.size[1], attrs);
    return backend.output(
      backend.addon.resize(backend.handle(images), rows.low, rows.high, rows.fractions, columns.low, columns.high, columns.fractions),
    );
  });
}

function resizeGradientKernel(kernelName: string, weights: Weights): KernelConfig {
  return kernel<Tensors<'images' | 'dy'>, ResizeBilinearAttrs>(kernelName, (backend, { images, dy }, attrs) => {
    const [, height, width] = images.shape;
    const rows = weights(height, dy.shape[1], attrs);
    const columns = weights(width, dy.shape[2], attrs);
    return backend.output(
      backend.addon.resizeGradient(
        backend.handle(dy),
        height,
        width,
        rows.low,
        rows.high,
        rows.fractions,
        columns.low,
        columns.high,
        columns.fractions,
      ),
    );
  });
}

export const imageKernels: KernelConfig[] = [
  resizeKernel('ResizeBilinear', bilinear),
  resizeKernel('ResizeNearestNeighbor', nearest),
  resizeGradientKernel('ResizeBilinearGrad', bilinear),
  resizeGradientKernel('ResizeNearestNeighborGrad', nearest),
  kernel<Tensors<'image' | 'boxes' | 'boxInd'>, CropAndResizeAttrs>(
    'CropAndResize',
    (backend, inputs, { cropSize, method, extrapolationValue }) => {
      const [image, boxes, boxIndices] = backend.handles([inputs.image, inputs.boxes, inputs.boxInd]);
      const [height, width] = cropSize;
      return backend.output(
        backend.addon.cropAndResize(image, boxes, boxIndices, height, width, method === 'bilinear', extrapolationValue),
      );
    },
  ),
];
