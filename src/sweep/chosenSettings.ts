import { z } from 'zod';

const keys = z.record(z.string(), z.json());

/** The best of the settings that a sweep has tried of each of its variants. */
export const chosenSettings = z.object({
  from: z.string().optional().describe('folder of that sweep; absent in its own tables'),
  by: z.string().describe('the evaluation that chose, as in "linear on validation"'),
  variants: z.array(
    z.object({
      name: z.string(),
      keys: keys.describe('the best: config keys and values'),
      tried: z
        .array(z.object({ keys, accuracy: z.number() }))
        .describe('all that were tried, by macro accuracy; of equal ones the first given'),
    }),
  ),
});
export type ChosenSettings = z.infer<typeof chosenSettings>;

/** `loss.temperature 0.2, method.momentum 0.99`. */
export function settingText(keys: Record<string, unknown>): string {
  return Object.entries(keys)
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
