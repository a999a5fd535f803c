import { z } from 'zod';
import { UsageError } from '../util/errors.js';

/** What computes every run of a sweep. */
export const sweepEngine = z.object({
  backend: z.string(),
  device: z.string(),
  precision: z.string(),
  threads: z.int().min(1).describe('of each run'),
});
export type SweepEngine = z.infer<typeof sweepEngine>;

/** The options by which a command is given this backend, and no other. */
export function engineOptions({ backend, device, precision }: Omit<SweepEngine, 'threads'>): string[] {
  // The other backends know one device each, and take no word on it.
  return ['--backend', backend, ...(backend === 'libtorch' ? ['--device', device] : []), '--precision', precision];
}

/**
 * One table must not mix engines: a difference between two systems could be one between two precisions. The number of threads changes the
 * order of sums alone and may differ; the line returned says so. Throws UsageError for any other difference.
 */
export function checkEngine(dir: string, { before, now }: { before: SweepEngine; now: SweepEngine }): string[] {
  const name = ({ backend, device, precision }: SweepEngine) => `${backend} ${device} ${precision}`;
  if (name(before) !== name(now))
    throw new UsageError(
      `sweep: ${dir} was computed on ${name(before)}, now ${name(now)}, and one table must not mix the two; pass ${engineOptions(before).join(' ')} to go on as it was, or another --out`,
    );
  if (before.threads === now.threads) return [];
  return [`threads of each run: ${now.threads}, before ${before.threads}: a run that goes on is not bit-identical to an undisturbed one`];
}
