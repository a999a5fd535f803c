import { convNormNode, type LayerNodes, maxPoolNode, reluNode } from './layerNodes.js';
import type { Value } from './OnnxGraph.js';

/** ResNet-18: standardised patches `[batch, 1, time, mel]` -> h `[batch, channels]`, as `src/nn/resnet18.ts`. Sizes come from the weights. */
export function resnet18Nodes(layers: LayerNodes, patches: Value): Value {
  const stem = reluNode(layers, convNormNode(layers, { conv: 'conv1.', norm: 'bn1.' }, patches, { stride: 2, padding: 3 }));
  let x = maxPoolNode(layers, stem, { size: [3, 3], stride: [2, 2], padding: 1 });
  for (const stage of [1, 2, 3, 4]) {
    for (const block of [0, 1]) x = blockNodes(layers, `layer${stage}.${block}.`, x, stage > 1 && block === 0);
  }
  return layers.graph.node('Flatten', [layers.graph.node('GlobalAveragePool', [x])], { axis: 1 });
}

/** A basic block; one that halves time and mel has a projection in its short cut. */
function blockNodes(layers: LayerNodes, path: string, x: Value, halves: boolean): Value {
  const stride = halves ? 2 : 1;
  const shortcut = halves ? convNormNode(layers, { conv: `${path}downsample.0.`, norm: `${path}downsample.1.` }, x, { stride }) : x;
  const first = reluNode(layers, convNormNode(layers, { conv: `${path}conv1.`, norm: `${path}bn1.` }, x, { stride, padding: 1 }));
  const second = convNormNode(layers, { conv: `${path}conv2.`, norm: `${path}bn2.` }, first, { padding: 1 });
  return reluNode(layers, layers.graph.node('Add', [second, shortcut]));
}
