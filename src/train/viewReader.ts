import * as tf from '@tensorflow/tfjs-core';
import { applyViews } from '../augment/applyViews.js';
import { perPatch } from '../augment/perPatch.js';
import { sampleBackgrounds } from '../augment/sampleBackgrounds.js';
import type { ViewPlan } from '../augment/sampleViews.js';
import type { ViewsOptions } from '../augment/viewsOptions.js';
import type { ClipLevel } from '../data/clipLevels.js';
import type { Standardisation } from '../data/clipStatistics.js';
import type { FeatureStore, PatchRequest } from '../data/FeatureStore.js';
import { sampleStart } from '../data/samplers.js';
import { standardise } from '../model/standardise.js';
import type { Rng } from '../util/rng.js';
import type { BackgroundSet } from './backgroundSet.js';

/** Patches before augmentation, on the host. */
export interface ViewBatch {
  /** `[views, patchFrames, nMels]` raw log-mel. */
  patches: Float32Array;
  /** As `patches`; absent where nothing is mixed back. */
  backgrounds?: Float32Array;
  /** Of the other set, as `patches`; absent where none is mixed in. */
  others?: Float32Array;
  /** Mean and deviation of each patch's clip; absent where all are standardised alike. */
  levels?: readonly ClipLevel[];
  plan: ViewPlan;
}

/** What every source of views is made from. */
export interface ViewReaderOptions {
  store: Pick<FeatureStore, 'nMels' | 'readPatches'> &
    Partial<Pick<FeatureStore, 'clipLevels'>> & { clips: readonly { numFrames: number }[] };
  /** Store indices of the clips that backgrounds are drawn from: the split of what is read. */
  pool: readonly number[];
  views: ViewsOptions;
  standardisation: Standardisation;
  patchFrames: number;
  excludeLastStart?: boolean;
  seed: number;
  /** Where `backgroundMix` takes its patches from. */
  backgroundSet?: Pick<BackgroundSet, 'read'>;
}

/** Reads patches with their backgrounds and makes standardised views of them. */
export interface ViewReader {
  /** Draws the first frame of a random patch. */
  drawStart(rng: Rng, clip: number): number;
  /**
   * @param clips store indices; `requests` are `numViews` patches of each, the first of all clips first, and so is `plan`
   */
  read(of: {
    clips: readonly number[];
    numViews: number;
    requests: readonly PatchRequest[];
    plan: ViewPlan;
    epoch: number;
  }): Promise<ViewBatch>;
  /** Augments on the backend and standardises: `[views, time, mel]`. */
  toViews(batch: ViewBatch): tf.Tensor3D;
}

export function createViewReader({
  store,
  pool,
  views,
  standardisation,
  patchFrames,
  excludeLastStart = false,
  seed,
  backgroundSet,
}: ViewReaderOptions): ViewReader {
  const set = views.some(({ name }) => name === 'backgroundMix') ? backgroundSet : undefined;
  const isMixing = views.some(({ name }) => name === 'mixBack');
  const drawStart = (rng: Rng, clip: number) => sampleStart(rng, store.clips[clip].numFrames, patchFrames, { excludeLastStart });
  return {
    drawStart,
    async read({ clips, numViews, requests, plan, epoch }) {
      const [patches, backgrounds, others, levels] = await Promise.all([
        store.readPatches(requests, patchFrames),
        isMixing
          ? store.readPatches(sampleBackgrounds({ seed, epoch, clips, pool, numViews, sampleStart: drawStart }).flat(), patchFrames)
          : undefined,
        set?.read({ seed, epoch, clips, numViews }),
        standardisation.perClip === true ? store.clipLevels?.() : undefined,
      ]);
      return { patches, backgrounds, others, levels: levels && requests.map(({ clip }) => levels[clip]), plan };
    },
    toViews({ patches, backgrounds, others, levels, plan }) {
      const shape: [number, number, number] = [patches.length / (patchFrames * store.nMels), patchFrames, store.nMels];
      return tf.tidy(() => {
        const raw = tf.tensor3d(patches, shape);
        const augmented = applyViews(raw, plan, {
          backgrounds: backgrounds && tf.tensor3d(backgrounds, shape),
          others: others && tf.tensor3d(others, shape),
        });
        return standardise(levels === undefined ? augmented : byLevel(augmented, levels), standardisation);
      });
    },
  };
}

/** After the augmentations, which work on raw log-mel, and by what the clip was before them. */
function byLevel(views: tf.Tensor3D, levels: readonly ClipLevel[]): tf.Tensor3D {
  const mean = perPatch(levels.map((level) => level.mean));
  return tf.div(tf.sub(views, mean), perPatch(levels.map(({ standardDeviation }) => standardDeviation)));
}
