import * as tf from '@tensorflow/tfjs-core';

/** What a forward pass hands over: its value, and the function that turns dL/dvalue into one gradient an input. */
export interface Differentiable<T extends tf.Tensor> {
  value: T;
  /** Gets what `save` was given, in that order. Its temporaries are disposed of when it returns. */
  backward: (dy: T, saved: tf.Tensor[]) => tf.Tensor[];
}

/**
 * An op with a gradient of its own: `tf.customGrad` plus early disposal.
 *
 * tfjs's engine keeps every gradient and every saved activation until the whole backward pass is over, which doubles the peak memory.
 * An op's dy and saved tensors have no other reader once its own backward has run, so they are disposed of at that moment.
 * (A saved tensor is a handle of its own: other ops that saved the same data keep it alive through the backend's reference counts.)
 *
 * @param inputs the tensors to differentiate by; anything else may be captured by `forward`
 * @param forward runs in a tidy, off the tape
 */
export function differentiable<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: (save: (tensors: tf.Tensor[]) => void) => Differentiable<T>,
): T {
  const run = tf.customGrad<T>((...args) => {
    const { value, backward } = forward(args[args.length - 1] as tf.GradSaveFunc);
    const gradFunc = (dy: T, saved: tf.Tensor[]): tf.Tensor[] => {
      const gradients = tf.tidy(() => backward(dy, saved).map((gradient) => (gradient === dy ? tf.clone(gradient) : gradient)));
      disposeEarly(dy, saved);
      return gradients;
    };
    // tfjs declares `saved` as a map or a list; it is the list that was given to `save`.
    return { value, gradFunc: gradFunc as unknown as (dy: T, saved: tf.Tensor[] | tf.NamedTensorMap) => tf.Tensor[] };
  });
  return run(...inputs);
}

function disposeEarly(dy: tf.Tensor, saved: readonly tf.Tensor[]): void {
  const { gradientDepth, activeScope } = tf.engine().state;
  if (gradientDepth > 0) return; // Gradients of gradients read both again.
  for (const tensor of saved) tensor.dispose();
  // A dy made outside the engine's backward scope belongs to the caller of tf.grad(f)(x, dy).
  if (activeScope !== null && dy.scopeId === activeScope.id && !dy.kept) dy.dispose();
}
