import * as tf from '@tensorflow/tfjs-core';
import { type Initialiser, type Parameters, parameter } from './parameters.js';

/** Which of the two directions of a bidirectional GRU; PyTorch appends it to the names. */
export type GruSuffix = '' | '_reverse';

/** `weight_ih_l0` `[in, 3 hidden]`, `weight_hh_l0` `[hidden, 3 hidden]`, biases; uniform within 1 / sqrt(hidden); gates in PyTorch's order r, z, n. */
export function addGru({ uniform }: Initialiser, path: string, suffix: GruSuffix, [inputSize, hiddenSize]: [number, number]): void {
  const bound = 1 / Math.sqrt(hiddenSize);
  uniform(`${path}weight_ih_l0${suffix}`, [inputSize, 3 * hiddenSize], bound);
  uniform(`${path}weight_hh_l0${suffix}`, [hiddenSize, 3 * hiddenSize], bound);
  uniform(`${path}bias_ih_l0${suffix}`, [3 * hiddenSize], bound);
  uniform(`${path}bias_hh_l0${suffix}`, [3 * hiddenSize], bound);
}

/**
 * Last state of a gated recurrent unit (Cho et al. 2014, PyTorch's variant), from a zero state:
 * `r = sigmoid(Wx_r + Uh_r)`, `z = sigmoid(Wx_z + Uh_z)`, `n = tanh(Wx_n + r (Uh_n))`, `h = (1 - z) n + z h`; W and U with their biases.
 *
 * @param x `[batch, steps, in]`
 * @returns `[batch, hidden]`
 */
export function gruLastState(parameters: Parameters, path: string, suffix: GruSuffix, x: tf.Tensor3D): tf.Tensor2D {
  const [batch, steps, inputSize] = x.shape;
  const get = <R extends tf.Rank>(name: string): tf.Variable<R> => parameter<R>(parameters, `${path}${name}_l0${suffix}`);
  const recurrent = get<tf.Rank.R2>('weight_hh');
  const hiddenSize = recurrent.shape[0];
  // One product for all steps: [batch steps, in] -> [batch, steps, 3 hidden]
  const projected = tf.add(tf.matMul(tf.reshape(x, [batch * steps, inputSize]), get<tf.Rank.R2>('weight_ih')), get('bias_ih'));
  // tfjs's gradient of unstack fails for a single part.
  const inputs = steps === 1 ? [projected] : tf.unstack(tf.reshape(projected, [batch, steps, 3 * hiddenSize]), 1);
  let h: tf.Tensor2D = tf.zeros([batch, hiddenSize]);
  for (const input of inputs) {
    const [xr, xz, xn] = tf.split(input, 3, 1);
    const [hr, hz, hn] = tf.split(tf.add(tf.matMul(h, recurrent), get('bias_hh')), 3, 1);
    const r = tf.sigmoid(tf.add(xr, hr));
    const z = tf.sigmoid(tf.add(xz, hz));
    const n = tf.tanh(tf.add(xn, tf.mul(r, hn)));
    h = tf.add<tf.Tensor2D>(n, tf.mul(z, tf.sub(h, n)));
  }
  return h;
}
