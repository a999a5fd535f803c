import * as tf from '@tensorflow/tfjs-core';

/** Of the batch, `[groups, channel]` each. */
export interface BatchNormStatistics {
  mean: tf.Tensor;
  inverseDeviation: tf.Tensor;
}

/** The kernel `AudiosslBatchNorm` in plain tfjs ops: see `batchNorm` for what it computes. */
export function batchNormForward(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  runningMean: tf.Variable,
  runningVariance: tf.Variable,
  options: { groups: number; epsilon: number; momentum: number; residual?: tf.Tensor; relu: boolean },
): { y: tf.Tensor } & BatchNormStatistics {
  const { groups, epsilon, momentum, residual, relu } = options;
  const channels = x.shape[x.rank - 1];
  const rows = x.size / channels / groups;
  const grouped = tf.reshape(x, [groups, rows, channels]);
  const mean = tf.mean(grouped, 1, true); // [groups, 1, channel]
  // Two passes: E[x^2] - E[x]^2 loses everything where the mean is large.
  const variance = tf.mean(tf.squaredDifference(grouped, mean), 1, true);
  const inverseDeviation = tf.rsqrt(tf.add(variance, epsilon));
  const scale = tf.mul(inverseDeviation, gamma);
  const normalised = tf.reshape(tf.add(tf.mul(grouped, scale), tf.sub(beta, tf.mul(mean, scale))), x.shape);
  const sum = residual === undefined ? normalised : tf.add(normalised, residual);

  updateRunning(runningMean, mean, momentum);
  updateRunning(runningVariance, tf.mul(variance, rows / (rows - 1)), momentum);
  return {
    y: relu ? tf.relu(sum) : sum,
    mean: tf.reshape(mean, [groups, channels]),
    inverseDeviation: tf.reshape(inverseDeviation, [groups, channels]),
  };
}

/** Group after group, `running = (1 - momentum) running + momentum batch`, summed up in closed form. `batch` is [groups, 1, channel]. */
function updateRunning(running: tf.Variable, batch: tf.Tensor, momentum: number): void {
  const groups = batch.shape[0];
  const keep = 1 - momentum;
  const weights = Array.from({ length: groups }, (_, g) => momentum * keep ** (groups - 1 - g));
  const share = tf.sum(tf.mul(batch, tf.tensor(weights, [groups, 1, 1])), [0, 1]);
  running.assign(tf.add(tf.mul(running, keep ** groups), share));
}

/** The kernel `AudiosslBatchNormGrad` in plain tfjs ops. */
export function batchNormBackward(
  inputs: { dy: tf.Tensor; x: tf.Tensor; gamma: tf.Tensor; mean: tf.Tensor; inverseDeviation: tf.Tensor; y?: tf.Tensor },
  { groups, hasResidual }: { groups: number; hasResidual: boolean },
): tf.Tensor[] {
  const { dy, x, gamma, y } = inputs;
  const channels = x.shape[x.rank - 1];
  const rows = x.size / channels / groups;
  const mean = tf.reshape(inputs.mean, [groups, 1, channels]);
  const inverseDeviation = tf.reshape(inputs.inverseDeviation, [groups, 1, channels]);

  const g = y === undefined ? dy : tf.mul(dy, tf.step(y));
  const grouped = tf.reshape(g, [groups, rows, channels]);
  const centred = tf.sub(tf.reshape(x, [groups, rows, channels]), mean);
  const sumG = tf.sum(grouped, 1, true); // [groups, 1, channel]
  const sumGXHat = tf.mul(tf.sum(tf.mul(grouped, centred), 1, true), inverseDeviation);

  // dx = scale (g - sum(g) / n - centred inverseDeviation sum(g xHat) / n), as a g + b centred + c with a, b, c one value a channel.
  const scale = tf.mul(inverseDeviation, gamma);
  const slope = tf.mul(tf.mul(scale, inverseDeviation), tf.div(sumGXHat, rows));
  const offset = tf.mul(scale, tf.div(sumG, rows));
  const dx = tf.sub(tf.sub(tf.mul(grouped, scale), tf.mul(centred, slope)), offset);
  return [tf.reshape(dx, x.shape), tf.sum(sumGXHat, [0, 1]), tf.sum(sumG, [0, 1]), ...(hasResidual ? [g] : [])];
}
