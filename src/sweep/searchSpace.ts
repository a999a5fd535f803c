import { z } from 'zod';
import { Rng } from '../util/rng.js';

const range = z.tuple([z.number(), z.number()]).refine(([low, high]) => low < high, { error: 'the first number must be below the second' });

/** Where the values of one config key are drawn from. */
const source = z.union([
  z.strictObject({ uniform: range.describe('any number between the two, each as likely') }),
  z.strictObject({
    logUniform: range.refine(([low]) => low > 0, { error: 'both numbers must be positive' }).describe('each order of magnitude as likely'),
  }),
  z.strictObject({ choice: z.array(z.json()).min(2).describe('one of these, each as likely') }),
]);

/** Random search with successive halving (Jamieson & Talwalkar 2016): all draws train a little, the better ones go on. */
export const searchOptions = z
  .strictObject({
    method: z.literal('halving'),
    draws: z.int().min(2).max(1000).describe('settings that are drawn and tried'),
    seed: z.int().min(0).default(0).describe('of the draws; that of the runs is seeds'),
    epochs: z
      .array(z.int().min(1))
      .min(1)
      .refine((epochs) => epochs.every((epoch, i) => i === 0 || epoch > epochs[i - 1]), { error: 'the numbers must rise' })
      .describe('a run is judged after each of these; the last is the length of its schedule'),
    keep: z.number().gt(1).default(3).describe('1 / keep of the runs of a rung go on'),
    by: z
      .enum(['accuracy', 'effectiveRank', 'alignmentUniformity', 'validationLoss'])
      .default('accuracy')
      .describe('accuracy = macro accuracy of the first evaluation; the others are of the look at the validation clips and need no labels'),
    space: z.record(z.string(), source).describe('config keys, written with dots, and where their values are drawn from'),
  })
  .describe('random search instead of a grid');
export type SearchOptions = z.infer<typeof searchOptions>;

/**
 * The settings of draw `index`, named by seed, draw and key alone: more draws leave those before as they are, and another key of the
 * space leaves the values of this one. Numbers have three significant digits.
 */
export function drawSettings({ space, seed }: Pick<SearchOptions, 'space' | 'seed'>, index: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(space).map(([key, from]) => {
      const rng = new Rng({ seed, clip: index, purpose: `search ${key}` });
      if ('choice' in from) return [key, from.choice[rng.integer(0, from.choice.length)]];
      const value =
        'uniform' in from ? rng.uniform(...from.uniform) : Math.exp(rng.uniform(...(from.logUniform.map(Math.log) as [number, number])));
      return [key, Number(value.toPrecision(3))];
    }),
  );
}

/** `draw07`, `draw107`: the same however many draws there are, so that more may be added. */
export const drawName = (index: number): string => `draw${String(index + 1).padStart(2, '0')}`;
