import { convNormNode, type LayerNodes, maxPoolNode, reluNode } from './layerNodes.js';
import type { Value } from './OnnxGraph.js';

const pools: [number, number][] = [
  [2, 5],
  [2, 4],
  [2, 2],
];

/** The convolutional recurrent encoder: standardised patches `[batch, 1, time, mel]` -> h `[batch, hidden]`, as `src/nn/crnn.ts`. */
export function crnnNodes(layers: LayerNodes, patches: Value): Value {
  const { graph } = layers;
  let x = patches;
  for (const [i, size] of pools.entries()) {
    x = reluNode(layers, convNormNode(layers, { conv: `conv${i + 1}.`, norm: `bn${i + 1}.` }, x, { padding: 2 }));
    x = maxPoolNode(layers, x, { size });
  }
  // [batch, channel, steps, mels] -> [steps, batch, mels x channel]
  const sequence = graph.node('Reshape', [graph.node('Transpose', [x], { perm: [2, 0, 3, 1] }), graph.integers([0, 0, -1])]);
  // The backward direction has seen the last step only.
  const last = graph.node('Gather', [sequence, graph.integers([-1])], { axis: 0 });
  return graph.node('Mul', [gruNodes(layers, '', sequence), gruNodes(layers, '_reverse', last)]);
}

/** Last state `[batch, hidden]` of a GRU over `[steps, batch, in]`. ONNX has the gates z, r, n, PyTorch r, z, n. */
function gruNodes({ graph, weights }: LayerNodes, suffix: string, sequence: Value): Value {
  const gates = (name: string): { data: Float32Array; size: number } => {
    const { data } = weights.get(`gru.${name}_l0${suffix}`);
    const third = data.length / 3;
    const out = Float32Array.from(data);
    out.set(data.subarray(third, 2 * third));
    out.set(data.subarray(0, third), third);
    return { data: out, size: data.length };
  };
  const hidden = weights.get(`gru.bias_hh_l0${suffix}`).data.length / 3;
  const matrix = (name: string): Value => {
    const { data, size } = gates(name);
    return graph.constant(`gru.${name}${suffix}`, data, [1, 3 * hidden, size / (3 * hidden)]);
  };
  const biases = ['bias_ih', 'bias_hh'].map((name) => gates(name).data);
  const bias = graph.constant(`gru.bias${suffix}`, Float32Array.from([...biases[0], ...biases[1]]), [1, 6 * hidden]);
  const inputs = [sequence, matrix('weight_ih'), matrix('weight_hh'), bias];
  const [, state] = graph.nodeOfMany('GRU', inputs, 2, { hidden_size: hidden, linear_before_reset: 1 });
  return graph.node('Squeeze', [state, graph.integers([0])]);
}
