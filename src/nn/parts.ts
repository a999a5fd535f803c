import type * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from './parameters.js';

/** The two halves of networks that are made of two, in the order of their views. */
export const partNames = ['first', 'second'] as const;
export type PartName = (typeof partNames)[number];

/** `first.conv1.weight` of the whole -> `conv1.weight` of its first part. The variables are the same. */
export function partOf(parameters: Parameters, part: PartName): Parameters {
  const start = `${part}.`;
  return new Map(
    [...parameters].filter(([path]) => path.startsWith(start)).map(([path, variable]) => [path.slice(start.length), variable]),
  );
}

/** Makes both parts; equal seeds would give two parts of one kind equal weights, so the second's is another. */
export function joinParts(create: (part: PartName, rng: { seed: number }) => Parameters, seed: number): Parameters {
  const seeds = { first: seed, second: (seed ^ 0x9e3779b9) >>> 0 };
  return new Map(
    partNames.flatMap((part) =>
      [...create(part, { seed: seeds[part] })].map(([path, variable]): [string, tf.Variable] => [`${part}.${path}`, variable]),
    ),
  );
}
