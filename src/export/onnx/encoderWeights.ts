import type { Model } from '../../model/loadModel.js';
import { collectTensors } from '../../model/parameters.js';
import { toTorchLayout, type Values } from '../../model/weightLayout.js';
import type { Parameters } from '../../nn/parameters.js';

/** Batch norm's, PyTorch's and ours. */
const EPSILON = 1e-5;

/** Weights in PyTorch's layout, which is ONNX's. */
export interface Weights {
  get(name: string): Values;
  /** A convolution without bias and the batch norm behind it as one convolution with bias, folded in float64. */
  folded(conv: string, norm: string): { weight: Values; bias: Float32Array };
  /** A batch norm in evaluation mode as `scale x + shift`, a value a channel. */
  affine(norm: string): { scale: Float64Array; shift: Float64Array };
}

/** Reads the encoder's parameters off the backend. */
export async function encoderWeights({ parameters }: Pick<Model, 'parameters'>): Promise<Weights> {
  return weightsOf(await readWeights(parameters));
}

/** Parameters by name, in PyTorch's layout. */
export async function readWeights(parameters: Parameters): Promise<Map<string, Values>> {
  const collected = await collectTensors('encoder', parameters);
  return new Map([...collected].map(([name, values]) => [name.slice('encoder.'.length), toTorchLayout(name, values)]));
}

function weightsOf(values: ReadonlyMap<string, Values>): Weights {
  const get = (name: string): Values => {
    const found = values.get(name);
    if (found === undefined) throw new Error(`the encoder has no parameter "${name}"`);
    return found;
  };
  const affine = (norm: string) => {
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => get(norm + name).data);
    const scale = Float64Array.from(gamma, (value, i) => value / Math.sqrt(variance[i] + EPSILON));
    return { scale, shift: Float64Array.from(beta, (value, i) => value - mean[i] * scale[i]) };
  };
  return {
    get,
    affine,
    folded(conv, norm) {
      const { shape, data } = get(`${conv}weight`);
      const bias = values.get(`${conv}bias`)?.data;
      const { scale, shift } = affine(norm);
      const size = data.length / shape[0];
      return {
        weight: { shape, data: data.map((value, i) => value * scale[Math.floor(i / size)]) },
        bias: Float32Array.from(shift, (value, i) => value + (bias?.[i] ?? 0) * scale[i]),
      };
    },
  };
}
