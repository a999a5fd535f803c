import { affineNode, convNormNode, type LayerNodes, linearNode, maxPoolNode, reluNode } from './layerNodes.js';
import type { Value } from './OnnxGraph.js';

/** The supervised authors' network: standardised patches `[batch, 1, time, mel]` of one size -> h `[batch, 64]`, as `src/nn/supCnn.ts`. */
export function supCnnNodes(layers: LayerNodes, patches: Value): Value {
  let x = patches;
  for (const i of [1, 2, 3]) {
    // A norm before a convolution, and one behind it, which folds.
    const normed = reluNode(layers, affineNode(layers, `bn${2 * i - 1}.`, x));
    x = reluNode(layers, convNormNode(layers, { conv: `conv${i}.`, norm: `bn${2 * i}.` }, normed, { padding: 2 }));
    if (i < 3) x = maxPoolNode(layers, x, { size: [4, 2] });
  }
  return reluNode(layers, linearNode(layers, 'fc.', layers.graph.node('Flatten', [x], { axis: 1 })));
}
