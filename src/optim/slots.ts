import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';

/** Variables of the size of the parameters, one set a name (`momentum`, `adam.m`), made of zeros when first asked for. */
export interface Slots {
  get(path: string, like: tf.Tensor): tf.Variable;
  state(): [string, tf.Tensor][];
  set(path: string, value: tf.Tensor): void;
  /** A copy of a state, all of whose names are this set's, in place of what was there. Throws AudiosslError, beginning with `of`, for others. */
  restore(state: ReadonlyMap<string, tf.Tensor>, of: string): void;
  dispose(): void;
}

export function createSlots(name: string): Slots {
  const variables = new Map<string, tf.Variable>();
  const set = (path: string, value: tf.Tensor): void => {
    variables.get(path)?.dispose();
    variables.set(
      path,
      tf.tidy(() => tf.variable(value, false)),
    );
  };
  // A true copy: the variable would share its data with the tensor, which the next step changes in place.
  const setCopy = (path: string, value: tf.Tensor): void => tf.tidy(() => set(path, tf.add(value, 0)));
  const dispose = (): void => {
    for (const variable of variables.values()) variable.dispose();
    variables.clear();
  };
  return {
    get(path, like) {
      const found = variables.get(path);
      if (found !== undefined) {
        if (tf.util.arraysEqual(found.shape, like.shape)) return found;
        throw new AudiosslError(
          `optimizer: ${name}.${path} must be [${like.shape}], got [${found.shape}]; the state is of another network`,
        );
      }
      tf.tidy(() => set(path, tf.zeros(like.shape)));
      return variables.get(path)!;
    },
    state: () => [...variables].map(([path, variable]) => [`${name}.${path}`, variable]),
    set: setCopy,
    restore(state, of) {
      dispose();
      for (const [path, value] of state) {
        if (!path.startsWith(`${name}.`)) throw new AudiosslError(`${of} (${name}.<parameter>), got "${path}"`);
        setCopy(path.slice(name.length + 1), value);
      }
    },
    dispose,
  };
}

/** The parameters that take part in a step, with their gradients. Throws where a gradient has another shape or no parameter. */
export function matchGradients(
  parameters: ReadonlyMap<string, tf.Variable>,
  gradients: ReadonlyMap<string, tf.Tensor>,
): { path: string; parameter: tf.Variable; gradient: tf.Tensor }[] {
  return [...gradients].flatMap(([path, gradient]) => {
    const parameter = parameters.get(path);
    if (parameter === undefined || !tf.util.arraysEqual(parameter.shape, gradient.shape)) {
      throw new AudiosslError(
        `optimizer: the gradient of ${path} [${gradient.shape}] must have a parameter of its shape, got ${parameter ? `[${parameter.shape}]` : 'none'}`,
      );
    }
    return parameter.trainable ? [{ path, parameter, gradient }] : [];
  });
}
