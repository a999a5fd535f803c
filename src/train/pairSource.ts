import { joinViewPlans, sampleViews } from '../augment/sampleViews.js';
import { Rng } from '../util/rng.js';
import type { ViewSource } from './trainingMethod.js';
import { createViewReader, type ViewBatch, type ViewReaderOptions } from './viewReader.js';

/**
 * Makes pairs of views of clips. Everything drawn depends on (seed, epoch, clip) alone: two patches a clip, their backgrounds, the
 * numbers of the augmentations. The order of the batch, the number of workers and a resume change nothing. Items are store indices of clips;
 * views are `[2n, time, mel]`, pair i being rows i and n + i.
 */
export type PairSource = ViewSource<number, ViewBatch>;

export function createPairSource(options: ViewReaderOptions): PairSource {
  const { store, views, patchFrames, seed } = options;
  const { drawStart, read, toViews } = createViewReader(options);
  return {
    viewsPerItem: 2,
    read(clips, epoch) {
      const requests = [0, 1].flatMap((view) =>
        clips.map((clip) => ({ clip, start: drawStart(new Rng({ seed, epoch, clip, view, purpose: 'patch' }), clip) })),
      );
      const plans = [0, 1].map((view) => sampleViews(views, { seed, epoch, clips, view, patchFrames, nMels: store.nMels }));
      return read({ clips, numViews: 2, requests, plan: joinViewPlans(plans), epoch });
    },
    toViews,
  };
}
