import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { Rng } from '../util/rng.js';

/**
 * A network's weights by PyTorch's path (`layer1.0.conv1.weight`), in tfjs's memory layout: convolutions `[height, width, in, out]`,
 * matrices `[in, out]`. Running statistics (`running_mean`, `running_var`) are in it too, not trainable.
 */
export type Parameters = Map<string, tf.Variable>;

let watcher: ((variable: tf.Variable) => tf.Tensor) | undefined;

/** Runs `f`, in which `parameter` gives what `watch` makes of each trainable variable: a stand-in that tells when its gradient is there. */
export function watchingParameters<T>(watch: ((variable: tf.Variable) => tf.Tensor) | undefined, f: () => T): T {
  const before = watcher;
  watcher = watch;
  try {
    return f();
  } finally {
    watcher = before;
  }
}

/** The parameter of that path. Throws AudiosslError where the network was given another one's parameters. */
export function parameter<R extends tf.Rank>(parameters: Parameters, path: string): tf.Variable<R> {
  const found = parameters.get(path);
  if (found === undefined) throw new AudiosslError(`parameters: needs "${path}", has ${parameters.size} others`);
  // Networks only read what is trained, so a stand-in need not be a variable.
  if (watcher !== undefined && found.trainable) return watcher(found) as tf.Variable<R>;
  return found as tf.Variable<R>;
}

/** Number of trainable values. */
export function countTrainable(parameters: Parameters): number {
  return [...parameters.values()].reduce((sum, variable) => sum + (variable.trainable ? variable.size : 0), 0);
}

export function disposeParameters(parameters: Parameters): void {
  for (const variable of parameters.values()) variable.dispose();
  parameters.clear();
}

let isDrawing = true;

/** Runs `create`, in which parameters that would be drawn are 0: for weights that come from a file, as drawing millions takes its time. */
export function withoutDrawing<T>(create: () => T): T {
  isDrawing = false;
  try {
    return create();
  } finally {
    isDrawing = true;
  }
}

/** Makes parameters one after the other; each draws from a random stream named by its own path, so their order does not matter. */
export interface Initialiser {
  parameters: Parameters;
  constant(path: string, shape: number[], value: number, trainable?: boolean): void;
  /** Uniform in [-bound, bound). */
  uniform(path: string, shape: number[], bound: number): void;
  normal(path: string, shape: number[], standardDeviation: number): void;
}

/** @param network prefix of the streams' names, so that `0.weight` of two heads differ */
export function createInitialiser(network: string, seed: number): Initialiser {
  const parameters: Parameters = new Map();
  const add = (path: string, values: () => tf.Tensor, trainable?: boolean): void => {
    parameters.set(
      path,
      tf.tidy(() => tf.variable(values(), trainable)),
    );
  };
  const draw = (path: string, shape: number[], values: (rng: Rng, size: number) => Float32Array): void => {
    const rng = new Rng({ seed, purpose: `initialise ${network}.${path}` });
    add(path, () => (isDrawing ? tf.tensor(values(rng, tf.util.sizeFromShape(shape)), shape) : tf.zeros(shape)));
  };
  return {
    parameters,
    constant: (path, shape, value, trainable) => add(path, () => tf.fill(shape, value, 'float32'), trainable),
    uniform: (path, shape, bound) => draw(path, shape, (rng, size) => new Float32Array(size).map(() => rng.uniform(-bound, bound))),
    normal: (path, shape, standardDeviation) => draw(path, shape, (rng, size) => normals(rng, size, standardDeviation)),
  };
}

/** Box-Muller with both halves: half the time of one `rng.normal()` a value, which counts at 11 million. */
function normals(rng: Rng, size: number, standardDeviation: number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0; i < size; i += 2) {
    const radius = standardDeviation * Math.sqrt(-2 * Math.log((rng.uint32() + 1) / 4294967296));
    const angle = rng.uniform(0, 2 * Math.PI);
    values[i] = radius * Math.cos(angle);
    if (i + 1 < size) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}
