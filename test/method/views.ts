import * as tf from '@tensorflow/tfjs-core';
import { Rng } from '../../src/util/rng.js';

export function randomViews(size: [number, number, number]): tf.Tensor3D {
  const rng = new Rng({ seed: 5, purpose: 'test views' });
  return tf.tensor3d(
    Float32Array.from({ length: size[0] * size[1] * size[2] }, () => rng.normal()),
    size,
  );
}

export const readValues = (parameters: Map<string, tf.Variable>) =>
  new Map([...parameters].map(([name, variable]) => [name, Array.from(variable.dataSync())]));
