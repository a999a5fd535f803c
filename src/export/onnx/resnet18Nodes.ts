import type { Pooling } from '../../nn/pooling.js';
import { convNormNode, type LayerNodes, maxPoolNode, reluNode } from './layerNodes.js';
import type { Value } from './OnnxGraph.js';

/** ResNet-18: standardised patches `[batch, 1, time, mel]` -> h, as `src/nn/resnet18.ts`. The width comes from the weights. */
export function resnet18Nodes(layers: LayerNodes, patches: Value, { pooling = 'mean' }: { pooling?: Pooling }): Value {
  const stem = reluNode(layers, convNormNode(layers, { conv: 'conv1.', norm: 'bn1.' }, patches, { stride: 2, padding: 3 }));
  let x = maxPoolNode(layers, stem, { size: [3, 3], stride: [2, 2], padding: 1 });
  let before = x;
  for (const stage of [1, 2, 3, 4]) {
    before = x;
    for (const block of [0, 1]) x = blockNodes(layers, `layer${stage}.${block}.`, x, stage > 1 && block === 0);
  }
  return poolNodes(layers, pooling, { before, last: x });
}

/** Maps `[batch, channel, time, mel]` -> h, as `poolMaps`. */
function poolNodes({ graph }: LayerNodes, pooling: Pooling, { before, last: map }: { before: Value; last: Value }): Value {
  const meanOf = (values: Value) => graph.node('Flatten', [graph.node('GlobalAveragePool', [values])], { axis: 1 });
  const mean = meanOf(map);
  if (pooling === 'mean') return mean;
  if (pooling === 'lastTwo') return graph.node('Concat', [mean, meanOf(before)], { axis: 1 });
  if (pooling === 'meanMax') {
    return graph.node('Concat', [mean, graph.node('ReduceMax', [map], { axes: [2, 3], keepdims: 0 })], { axis: 1 });
  }
  const overMel = graph.node('ReduceMean', [map], { axes: [3], keepdims: 0 });
  const centred = graph.node('Sub', [overMel, graph.unsqueeze(mean, 2)]);
  const variance = graph.node('ReduceMean', [graph.node('Mul', [centred, centred])], { axes: [2], keepdims: 0 });
  return graph.node('Concat', [mean, graph.node('Sqrt', [variance])], { axis: 1 });
}

/** A basic block; one that halves time and mel has a projection in its short cut. */
function blockNodes(layers: LayerNodes, path: string, x: Value, halves: boolean): Value {
  const stride = halves ? 2 : 1;
  const shortcut = halves ? convNormNode(layers, { conv: `${path}downsample.0.`, norm: `${path}downsample.1.` }, x, { stride }) : x;
  const first = reluNode(layers, convNormNode(layers, { conv: `${path}conv1.`, norm: `${path}bn1.` }, x, { stride, padding: 1 }));
  const second = convNormNode(layers, { conv: `${path}conv2.`, norm: `${path}bn2.` }, first, { padding: 1 });
  return reluNode(layers, layers.graph.node('Add', [second, shortcut]));
}
