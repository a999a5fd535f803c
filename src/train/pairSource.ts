import { joinViewPlans, sampleViews } from '../augment/sampleViews.js';
import { Rng } from '../util/rng.js';
import type { ViewSource } from './trainingMethod.js';
import { createViewReader, type ViewBatch, type ViewReaderOptions } from './viewReader.js';

/** A batch of views with the clips they are of, store indices. */
export interface ClipBatch extends ViewBatch {
  clips: readonly number[];
}

/**
 * Makes views of clips, two of each or as many as asked for. Everything drawn depends on (seed, epoch, clip, view) alone: a patch a view,
 * its background, the numbers of the augmentations. The order of the batch, the number of workers and a resume change nothing. Items are
 * store indices of clips; views are `[numViews n, time, mel]`, clip i's being rows i, n + i, 2n + i ...
 */
export type PairSource = ViewSource<number, ClipBatch>;

export function createPairSource(options: ViewReaderOptions & { numViews?: number }): PairSource {
  const { store, views, patchFrames, seed, numViews = 2 } = options;
  const { drawStart, read, toViews } = createViewReader(options);
  const numbers = Array.from({ length: numViews }, (_, view) => view);
  return {
    viewsPerItem: numViews,
    async read(clips, epoch) {
      const requests = numbers.flatMap((view) =>
        clips.map((clip) => ({ clip, start: drawStart(new Rng({ seed, epoch, clip, view, purpose: 'patch' }), clip) })),
      );
      const plans = numbers.map((view) => sampleViews(views, { seed, epoch, clips, view, patchFrames, nMels: store.nMels }));
      return { ...(await read({ clips, numViews, requests, plan: joinViewPlans(plans), epoch })), clips };
    },
    toViews,
  };
}
