import { z } from 'zod';
import { UsageError } from '../util/errors.js';

/** What a sweep is run to find out: that some of its systems are better than others. */
export const sweepClaim = z.strictObject({
  claim: z.string().min(1).describe('one sentence'),
  published: z.string().min(1).optional().describe('who says so, and by which numbers'),
  cases: z
    .array(z.strictObject({ better: z.string(), than: z.string() }))
    .min(1)
    .describe('names of systems; the claim holds when all of its cases do'),
});
export type SweepClaim = z.infer<typeof sweepClaim>;

/** Throws UsageError, with file and line, for a claim about a system that is not one of `systems`. */
export function checkClaims(
  claims: readonly SweepClaim[],
  { systems, placeOf }: { systems: readonly string[]; placeOf: (path: readonly (string | number)[]) => string },
): void {
  for (const [c, { cases }] of claims.entries()) {
    for (const [i, one] of cases.entries()) {
      for (const key of ['better', 'than'] as const) {
        if (systems.includes(one[key])) continue;
        const place = placeOf(['claims', c, 'cases', i, key]);
        throw new UsageError(`${place}: ${key}: must name a system of this sweep (${systems.join(', ')}), got "${one[key]}"`);
      }
    }
  }
}
