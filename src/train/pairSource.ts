import * as tf from '@tensorflow/tfjs-core';
import { applyViews } from '../augment/applyViews.js';
import { sampleBackgrounds } from '../augment/sampleBackgrounds.js';
import { joinViewPlans, sampleViews, type ViewPlan } from '../augment/sampleViews.js';
import type { ViewsOptions } from '../augment/viewsOptions.js';
import type { Standardisation } from '../data/clipStatistics.js';
import type { FeatureStore, PatchRequest } from '../data/FeatureStore.js';
import { sampleStart } from '../data/samplers.js';
import { standardise } from '../model/standardise.js';
import { Rng } from '../util/rng.js';
import type { ViewSource } from './trainingMethod.js';

/** Both views of a batch of clips before augmentation, on the host. */
export interface PairBatch {
  numPairs: number;
  /** `[2n, patchFrames, nMels]` raw log-mel: the first views of all clips, then the second ones. */
  patches: Float32Array;
  /** As `patches`; absent where nothing is mixed back. */
  backgrounds?: Float32Array;
  plan: ViewPlan;
}

/**
 * Makes pairs of views of clips. Everything drawn depends on (seed, epoch, clip) alone: two patches a clip, their backgrounds, the
 * numbers of the augmentations. The order of the batch, the number of workers and a resume change nothing. Items are store indices of clips;
 * views are `[2n, time, mel]`, pair i being rows i and n + i.
 */
export type PairSource = ViewSource<number, PairBatch>;

export function createPairSource({
  store,
  pool,
  views,
  standardisation,
  patchFrames,
  excludeLastStart = false,
  seed,
}: {
  store: Pick<FeatureStore, 'clips' | 'nMels' | 'readPatches'>;
  /** Store indices of the clips that backgrounds are drawn from: the split that `read` takes its clips from. */
  pool: readonly number[];
  views: ViewsOptions;
  standardisation: Standardisation;
  patchFrames: number;
  excludeLastStart?: boolean;
  seed: number;
}): PairSource {
  const { nMels } = store;
  const isMixing = views.some(({ name }) => name === 'mixBack');
  const drawStart = (rng: Rng, clip: number) => sampleStart(rng, store.clips[clip].numFrames, patchFrames, { excludeLastStart });

  const drawPatches = (clips: readonly number[], epoch: number): PatchRequest[] =>
    [0, 1].flatMap((view) =>
      clips.map((clip) => ({ clip, start: drawStart(new Rng({ seed, epoch, clip, view, purpose: 'patch' }), clip) })),
    );

  return {
    viewsPerItem: 2,
    async read(clips, epoch) {
      const plan = joinViewPlans([0, 1].map((view) => sampleViews(views, { seed, epoch, clips, view, patchFrames, nMels })));
      const [patches, backgrounds] = await Promise.all([
        store.readPatches(drawPatches(clips, epoch), patchFrames),
        isMixing
          ? store.readPatches(sampleBackgrounds({ seed, epoch, clips, pool, sampleStart: drawStart }).flat(), patchFrames)
          : undefined,
      ]);
      return { numPairs: clips.length, patches, backgrounds, plan };
    },
    toViews({ numPairs, patches, backgrounds, plan }) {
      const shape: [number, number, number] = [2 * numPairs, patchFrames, nMels];
      return tf.tidy(() => {
        const raw = tf.tensor3d(patches, shape);
        const augmented = applyViews(raw, plan, { backgrounds: backgrounds && tf.tensor3d(backgrounds, shape) });
        return standardise(augmented, standardisation);
      });
    },
  };
}
