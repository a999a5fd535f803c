import type { Model } from '../../model/loadModel.js';
import { UsageError } from '../../util/errors.js';
import { crnnNodes } from './crnnNodes.js';
import { encoderWeights } from './encoderWeights.js';
import type { LayerNodes } from './layerNodes.js';
import type { OnnxGraph, Value } from './OnnxGraph.js';
import { resnet18Nodes } from './resnet18Nodes.js';
import { supCnnNodes } from './supCnnNodes.js';
import { vggNodes } from './vggNodes.js';

interface OnnxEncoder {
  nodes: (layers: LayerNodes, patches: Value, options: Record<string, unknown>) => Value;
  /** Options of the encoder that the nodes know; another one stops the export, for it would be left out. */
  options?: readonly string[];
  /** Whether patches of any number of frames will do. */
  isFreeInTime: boolean;
}

const encoders: Record<string, OnnxEncoder> = {
  resnet18: { nodes: resnet18Nodes, options: ['width', 'pooling'], isFreeInTime: true },
  vgg: { nodes: vggNodes, isFreeInTime: true },
  crnn: { nodes: crnnNodes, isFreeInTime: true },
  supCnn: { nodes: supCnnNodes, isFreeInTime: false },
};

/**
 * Writes a model's standardisation, encoder and whitening into a graph: returns what turns raw log-mel patches `[batch, time, mel]` into h
 * `[batch, embeddingSize]`. Throws UsageError for an encoder that has no ONNX form here.
 */
export async function encoderNodes(graph: OnnxGraph, model: Model): Promise<{ embed: (patches: Value) => Value; isFreeInTime: boolean }> {
  const { name } = model.encoder;
  if (!Object.hasOwn(encoders, name)) {
    throw new UsageError(`export: ONNX is written for the encoders ${Object.keys(encoders).join(', ')}, got ${name}; export another model`);
  }
  const { nodes, options = [], isFreeInTime } = encoders[name];
  const unknown = Object.keys(model.metadata.encoder).find((key) => key !== 'name' && !options.includes(key));
  if (unknown !== undefined) throw new UsageError(`export: encoder.${unknown} of ${name} has no ONNX form; export another model`);
  const weights = await encoderWeights(model);
  const { mean, standardDeviation } = model.metadata.standardisation;
  return {
    isFreeInTime,
    embed(patches) {
      const centred = graph.node('Sub', [patches, graph.constant('standardisation.mean', Float32Array.from(mean))]);
      const scaled = graph.node('Div', [centred, graph.constant('standardisation.deviation', Float32Array.from(standardDeviation))]);
      const h = nodes({ graph, weights }, graph.unsqueeze(scaled, 1), model.metadata.encoder);
      if (model.whitening === undefined) return h;
      const { weight, bias } = model.whitening;
      const turned = graph.node('MatMul', [h, graph.constant('whitening.weight', weight, [bias.length, bias.length])]);
      return graph.node('Add', [turned, graph.constant('whitening.bias', bias)]);
    },
  };
}
