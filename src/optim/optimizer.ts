import type * as tf from '@tensorflow/tfjs-core';

/** Changes parameters by their gradients, and remembers what it needs between steps. */
export interface Optimizer {
  /**
   * One update, in place. Parameters without a gradient, and those not trainable, are left alone. Call it after the gradients are
   * complete (outside of the function that is differentiated). Gradients stay the caller's.
   */
  step(parameters: ReadonlyMap<string, tf.Variable>, gradients: ReadonlyMap<string, tf.Tensor>, learningRate: number): void;
  /** What a resume needs, by name: `momentum.<path>` or `adam.m.<path>`, `adam.v.<path>`, `adam.step`, `lars.velocity.<path>`. The tensors stay the optimiser's. */
  state(): Map<string, tf.Tensor>;
  /** Takes over a copy of a state; replaces what was there. Throws AudiosslError for names that are not this optimiser's. */
  restore(state: ReadonlyMap<string, tf.Tensor>): void;
  dispose(): void;
}
