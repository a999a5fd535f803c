import type { Weights } from './encoderWeights.js';
import type { OnnxGraph, Value } from './OnnxGraph.js';

/** What the layers of an encoder are written with: the graph and the weights. Images are `[batch, channel, time, mel]`. */
export interface LayerNodes {
  graph: OnnxGraph;
  weights: Weights;
}

/** Convolution with the batch norm behind it folded in. Paths end with a dot. */
export function convNormNode(
  { graph, weights }: LayerNodes,
  { conv, norm }: { conv: string; norm: string },
  x: Value,
  { stride = 1, padding = 0 }: { stride?: number; padding?: number } = {},
): Value {
  const { weight, bias } = weights.folded(conv, norm);
  const constants = [graph.constant(`${conv}weight`, weight.data, weight.shape), graph.constant(`${conv}bias`, bias)];
  return graph.node('Conv', [x, ...constants], {
    kernel_shape: weight.shape.slice(2),
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  });
}

export function reluNode({ graph }: LayerNodes, x: Value): Value {
  return graph.node('Relu', [x]);
}

/** Maximum over windows; the padding never wins, incomplete windows at the end are dropped. */
export function maxPoolNode(
  { graph }: LayerNodes,
  x: Value,
  { size, stride = size, padding = 0 }: { size: readonly [number, number]; stride?: readonly [number, number]; padding?: number },
): Value {
  return graph.node('MaxPool', [x], { kernel_shape: size, strides: stride, pads: [padding, padding, padding, padding] });
}

/** `x weight^T + bias`: `[batch, in]` -> `[batch, out]`. */
export function linearNode({ graph, weights }: LayerNodes, path: string, x: Value): Value {
  const [weight, bias] = ['weight', 'bias'].map((name) => {
    const { data, shape } = weights.get(path + name);
    return graph.constant(path + name, data, shape);
  });
  return graph.node('Gemm', [x, weight, bias], { transB: 1 });
}

/** Batch norm alone, of an image. */
export function affineNode({ graph, weights }: LayerNodes, norm: string, x: Value): Value {
  const { scale, shift } = weights.affine(norm);
  const shape = [1, scale.length, 1, 1];
  const scaled = graph.node('Mul', [x, graph.constant(`${norm}scale`, Float32Array.from(scale), shape)]);
  return graph.node('Add', [scaled, graph.constant(`${norm}shift`, Float32Array.from(shift), shape)]);
}
