import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../nn/parameters.js';
import { movingAverage } from '../ops/movingAverage.js';

/** Copies of networks that follow them as moving averages and are never trained themselves. */
export interface MomentumNetworks<Name extends string> {
  /** The copies' parameters under the names of the networks. */
  parameters: Record<Name, Parameters>;
  /**
   * `copy = momentum copy + (1 - momentum) original` for everything that is trained, in place and in one pass. Running statistics are
   * left out: a copy gathers its own in its forward passes, as in MoCo's and BYOL's code.
   */
  follow(momentum: number): void;
}

/** The copies begin equal to the originals, running statistics included. Whoever makes them disposes of them. */
export function momentumNetworks<Name extends string>(originals: Record<Name, Parameters>): MomentumNetworks<Name> {
  const networks = Object.entries<Parameters>(originals) as [Name, Parameters][];
  const copies = networks.map(([name, parameters]) => [name, copyOf(parameters)] as const);
  const entries = networks.flatMap(([, parameters], network) =>
    [...parameters].flatMap(([path, variable]) =>
      variable.trainable ? [{ average: copies[network][1].get(path)!, value: variable as tf.Tensor }] : [],
    ),
  );
  return {
    parameters: Object.fromEntries(copies) as Record<Name, Parameters>,
    follow: (momentum) => movingAverage(entries, momentum),
  };
}

/** True copies: a plain variable of a variable would share memory that the optimiser changes in place. */
function copyOf(parameters: Parameters): Parameters {
  return new Map([...parameters].map(([path, variable]) => [path, tf.tidy(() => tf.variable(tf.add(variable, 0), false))]));
}
