import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../util/parseOptions.js';
import type { Pairs } from './pairs.js';

/** A contrastive or metric loss as frameworks use it: `loss.name` in a config, its other keys, and what it makes of pairs. */
export interface ContrastiveLoss<Name extends string = string, Shape extends z.ZodRawShape = z.ZodRawShape> {
  name: Name;
  /** `name` and the loss's own keys, each with a default: what a config's `loss` may hold. */
  options: z.ZodObject<Shape & { name: z.ZodLiteral<Name> }, z.core.$strict>;
  /** Whether it says anything without negatives, as BYOL has none. */
  needsNegatives(options: z.output<z.ZodObject<Shape>>): boolean;
  /** Whether it pushes negatives away where there are some; absent: where it needs them. */
  usesNegatives?(options: z.output<z.ZodObject<Shape>>): boolean;
  /**
   * The loss, the mean over the anchors that have a positive (0 where none has): a scalar, finite and with finite gradients for every
   * temperature from 0.01 and whatever the rows are.
   */
  compute(pairs: Pairs, options: z.output<z.ZodObject<Shape>>): tf.Scalar;
  /** What the loss is when nothing is learnt, all rows being alike: each anchor with one positive and so many negatives. */
  valueAtChance?(numNegatives: number, options: z.output<z.ZodObject<Shape>>): number;
}

/**
 * Puts a loss together: `options` are the keys beside `name`. The list contrastiveLosses.ts makes it known to configs.
 *
 * @example
 * ```ts
 * import { cosines, defineLoss, tf, z } from 'audiossl';
 * const pull = defineLoss({
 *   name: 'pull',
 *   description: 'one minus the mean cosine of positives',
 *   options: { weight: z.number().default(1).describe('of the whole') },
 *   compute: (pairs, { weight }) =>
 *     tf.tidy(() => tf.mul(tf.sub(1, tf.div(tf.sum(tf.mul(cosines(pairs), pairs.isPositive)), tf.sum(pairs.isPositive))), weight)),
 * });
 * pull.name; // => 'pull'
 * ```
 */
export function defineLoss<const Name extends string, Shape extends z.ZodRawShape>({
  name,
  description,
  options,
  needsNegatives = () => true,
  ...rest
}: Pick<ContrastiveLoss<Name, Shape>, 'name' | 'compute' | 'usesNegatives' | 'valueAtChance'> & {
  /** In one line: for the config's schema. */
  description: string;
  options: Shape;
  needsNegatives?: (options: z.output<z.ZodObject<Shape>>) => boolean;
}): ContrastiveLoss<Name, Shape> {
  const shape = { name: z.literal(name).describe(description), ...options } as Shape & { name: z.ZodLiteral<Name> };
  return { name, options: z.strictObject(shape), needsNegatives, ...rest };
}

/** The options of a loss's function with its defaults filled in. Throws UsageError naming the option and its value. */
export function checkOptions<Name extends string, Shape extends z.ZodRawShape>(
  who: string,
  loss: Pick<ContrastiveLoss<Name, Shape>, 'name' | 'options'>,
  given: object,
): z.output<z.ZodObject<Shape>> {
  return parseOptions(who, loss.options, { ...given, name: loss.name }) as z.output<z.ZodObject<Shape>>;
}
