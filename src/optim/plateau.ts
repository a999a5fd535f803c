import { z } from 'zod';

/** Lowers the rate when the validation loss no longer falls; the supervised authors' schedule. */
export const plateauOptions = z.strictObject({
  name: z
    .literal('plateau')
    .describe('times `factor` when the validation loss has not fallen for `patience` looks (PyTorch: ReduceLROnPlateau)'),
  factor: z.number().gt(0).lt(1).default(0.5).describe('what the rate is multiplied by'),
  patience: z.int().min(0).default(5).describe('looks in a row without a fall that are borne; the next one lowers the rate'),
  threshold: z.number().min(0).lt(1).default(1e-4).describe('a loss counts as fallen when it is below the lowest one by this share of it'),
});
export type PlateauOptions = Pick<z.infer<typeof plateauOptions>, 'factor' | 'patience' | 'threshold'>;

/** What the schedule remembers between looks at the validation clips; it goes into the checkpoint. */
export const plateauState = z.object({
  /** Lowest loss so far; null before the first look. */
  lowest: z.number().nullable(),
  /** Looks without a fall since then, or since the rate was lowered. */
  numBad: z.int().min(0),
  /** Share of the base rate. */
  share: z.number().positive(),
});
export type PlateauState = z.infer<typeof plateauState>;

export const initialPlateauState = (): PlateauState => ({ lowest: null, numBad: 0, share: 1 });

/** PyTorch's `eps`: a rate that would fall by less stays as it is. */
const smallestFall = 1e-8;

/** The state after one more look. A pure function; equals torch's ReduceLROnPlateau of mode min, relative threshold, no cooldown. */
export function afterLook(
  state: PlateauState,
  loss: number,
  { factor, patience, threshold, base }: PlateauOptions & { base: number },
): PlateauState {
  const { lowest, share } = state;
  if (lowest === null || loss < lowest * (1 - threshold)) return { lowest: loss, numBad: 0, share };
  const numBad = state.numBad + 1;
  if (numBad <= patience) return { lowest, numBad, share };
  const falls = base * share * (1 - factor) > smallestFall;
  return { lowest, numBad: 0, share: falls ? share * factor : share };
}
