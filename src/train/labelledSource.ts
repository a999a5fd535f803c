import * as tf from '@tensorflow/tfjs-core';
import { applyViews } from '../augment/applyViews.js';
import { sampleBackgrounds } from '../augment/sampleBackgrounds.js';
import { joinViewPlans, sampleViews, type ViewPlan } from '../augment/sampleViews.js';
import type { ViewsOptions } from '../augment/viewsOptions.js';
import type { Standardisation } from '../data/clipStatistics.js';
import type { FeatureStore, PatchRequest } from '../data/FeatureStore.js';
import { gridStarts, sampleStart } from '../data/samplers.js';
import { standardise } from '../model/standardise.js';
import { Rng } from '../util/rng.js';
import type { ViewSource } from './trainingMethod.js';
import type { TrainOptions } from './trainOptions.js';

/** A labelled patch: one of a clip's grid, or a random one, drawn anew each epoch. */
export interface LabelledItem {
  /** Store index. */
  clip: number;
  label: number;
  /** Place in the clip's grid and first frame; absent = random. */
  grid?: { index: number; start: number };
}

/** A batch before augmentation, on the host. */
export interface LabelledBatch {
  /** Class of each view. */
  labels: Int32Array;
  /** `[n, patchFrames, nMels]` raw log-mel. */
  patches: Float32Array;
  /** As `patches`; absent where nothing is mixed back. */
  backgrounds?: Float32Array;
  plan: ViewPlan;
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
export function createLabelledSource({
  store,
  pool,
  views,
  standardisation,
  patchFrames,
  excludeLastStart = false,
  seed,
}: {
  store: Pick<FeatureStore, 'nMels' | 'readPatches'> & { clips: readonly { numFrames: number }[] };
  /** Store indices of the clips that backgrounds are drawn from: the split of the items. */
  pool: readonly number[];
  views: ViewsOptions;
  standardisation: Standardisation;
  patchFrames: number;
  excludeLastStart?: boolean;
  seed: number;
}): LabelledSource {
  const { nMels } = store;
  const isMixing = views.some(({ name }) => name === 'mixBack');
  const drawStart = (rng: Rng, clip: number) => sampleStart(rng, store.clips[clip].numFrames, patchFrames, { excludeLastStart });
  const startOf = ({ clip, grid }: LabelledItem, epoch: number) =>
    grid?.start ?? drawStart(new Rng({ seed, epoch, clip, purpose: 'patch' }), clip);

  return {
    viewsPerItem: 1,
    async read(items, epoch) {
      const clips = items.map(({ clip }) => clip);
      const requests: PatchRequest[] = items.map((item) => ({ clip: item.clip, start: startOf(item, epoch) }));
      const planOf = ({ clip, grid }: LabelledItem) =>
        sampleViews(views, { seed, epoch, clips: [clip], view: grid?.index ?? 0, patchFrames, nMels });
      const [patches, backgrounds] = await Promise.all([
        store.readPatches(requests, patchFrames),
        isMixing
          ? store.readPatches(sampleBackgrounds({ seed, epoch, clips, pool, numViews: 1, sampleStart: drawStart }).flat(), patchFrames)
          : undefined,
      ]);
      return { labels: Int32Array.from(items, ({ label }) => label), patches, backgrounds, plan: joinViewPlans(items.map(planOf)) };
    },
    toViews({ labels, patches, backgrounds, plan }) {
      const shape: [number, number, number] = [labels.length, patchFrames, nMels];
      return tf.tidy(() => {
        const raw = tf.tensor3d(patches, shape);
        const augmented = applyViews(raw, plan, { backgrounds: backgrounds && tf.tensor3d(backgrounds, shape) });
        return standardise(augmented, standardisation);
      });
    },
  };
}
