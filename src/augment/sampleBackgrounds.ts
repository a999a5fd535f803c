import { UsageError } from '../util/errors.js';
import { Rng } from '../util/rng.js';

/** Where a background patch of mix-back is cut. */
export interface Background {
  /** One of `pool`. */
  clip: number;
  /** First frame. */
  start: number;
}

/**
 * Background clips and starts for mix-back, `result[view][i]` for `clips[i]`: uniform over `pool` (the run's training clips), never the
 * clip itself, and a different clip for each view. Depends on (seed, epoch, clip) only, not on the batch.
 * @param sampleStart draws the first frame in a clip (the rule that patches follow)
 * @throws UsageError where the pool is too small for `numViews` different backgrounds
 */
export function sampleBackgrounds({
  seed,
  epoch,
  clips,
  pool,
  numViews = 2,
  sampleStart,
}: {
  seed: number;
  epoch: number;
  clips: readonly number[];
  pool: ArrayLike<number>;
  numViews?: number;
  sampleStart: (rng: Rng, clip: number) => number;
}): Background[][] {
  if (pool.length < numViews + 1) {
    throw new UsageError(
      `sampleBackgrounds: mixBack needs at least ${numViews + 1} training clips, got ${pool.length}; leave mixBack out of views`,
    );
  }
  const views: Background[][] = Array.from({ length: numViews }, () => []);
  for (const clip of clips) {
    const rng = new Rng({ seed, epoch, clip, purpose: 'mixBack.background' });
    const taken = [clip];
    for (const view of views) {
      let drawn = clip;
      while (taken.includes(drawn)) drawn = pool[rng.integer(0, pool.length)];
      taken.push(drawn);
      view.push({ clip: drawn, start: sampleStart(rng, drawn) });
    }
  }
  return views;
}
