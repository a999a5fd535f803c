import { joinViewPlans, sampleViews } from '../augment/sampleViews.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import { gridStarts } from '../data/samplers.js';
import { Rng } from '../util/rng.js';
import type { ViewSource } from './trainingMethod.js';
import type { TrainOptions } from './trainOptions.js';
import { createViewReader, type ViewBatch, type ViewReaderOptions } from './viewReader.js';

/** A labelled patch: one of a clip's grid, or a random one, drawn anew each epoch. */
export interface LabelledItem {
  /** Store index. */
  clip: number;
  label: number;
  /** Place in the clip's grid and first frame; absent = random. */
  grid?: { index: number; start: number };
}

export interface LabelledBatch extends ViewBatch {
  /** Class of each view. */
  labels: Int32Array;
}

export type LabelledSource = ViewSource<LabelledItem, LabelledBatch>;

/** What an epoch passes over: each clip once, or every patch of its grid once. */
export function labelledItems({
  store,
  clips,
  labels,
  patches,
  patchFrames,
  patchHop,
}: {
  store: Pick<FeatureStore, 'clips'>;
  /** Store indices. */
  clips: readonly number[];
  /** Class of each of `clips`. */
  labels: readonly number[];
  patches: TrainOptions['patches'];
  patchFrames: number;
  patchHop: number;
}): LabelledItem[] {
  if (patches === 'random') return clips.map((clip, i) => ({ clip, label: labels[i] }));
  return clips.flatMap((clip, i) =>
    gridStarts(store.clips[clip].numFrames, patchFrames, patchHop).map((start, index) => ({
      clip,
      label: labels[i],
      grid: { index, start },
    })),
  );
}

/**
 * Makes one view of each item. Everything drawn depends on (seed, epoch, clip, place in the grid) alone: the patch, its background, the
 * numbers of the augmentations. The order of the batch, the number of workers and a resume change nothing. Of mix-back the background and
 * the weight are drawn once a clip and epoch, so patches of one clip share them.
 */
export function createLabelledSource(options: ViewReaderOptions): LabelledSource {
  const { store, views, patchFrames, seed } = options;
  const { drawStart, read, toViews } = createViewReader(options);
  const startOf = ({ clip, grid }: LabelledItem, epoch: number) =>
    grid?.start ?? drawStart(new Rng({ seed, epoch, clip, purpose: 'patch' }), clip);
  return {
    viewsPerItem: 1,
    async read(items, epoch) {
      const planOf = ({ clip, grid }: LabelledItem) =>
        sampleViews(views, { seed, epoch, clips: [clip], view: grid?.index ?? 0, patchFrames, nMels: store.nMels });
      const batch = await read({
        clips: items.map(({ clip }) => clip),
        numViews: 1,
        requests: items.map((item) => ({ clip: item.clip, start: startOf(item, epoch) })),
        plan: joinViewPlans(items.map(planOf)),
        epoch,
      });
      return { ...batch, labels: Int32Array.from(items, ({ label }) => label) };
    },
    toViews,
  };
}
