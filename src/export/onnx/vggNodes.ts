import { convNormNode, type LayerNodes, linearNode, maxPoolNode, reluNode } from './layerNodes.js';
import type { Value } from './OnnxGraph.js';

/** The VGG-like encoder: standardised patches `[batch, 1, time, mel]` -> h `[batch, embeddingSize]`, as `src/nn/vgg.ts`. */
export function vggNodes(layers: LayerNodes, patches: Value): Value {
  const { graph } = layers;
  let x = patches;
  for (const i of [1, 2, 3, 4, 5, 6]) {
    x = reluNode(layers, convNormNode(layers, { conv: `conv${i}.`, norm: `bn${i}.` }, x, { padding: 1 }));
    if (i === 3 || i >= 5) x = maxPoolNode(layers, x, { size: [2, 2] });
  }
  const pooled = ['ReduceMax', 'ReduceMean'].map((opType) => graph.node(opType, [x], { axes: [2, 3], keepdims: 0 }));
  return reluNode(layers, linearNode(layers, 'fc.', graph.node('Concat', pooled, { axis: 1 })));
}
