import * as tf from '@tensorflow/tfjs-core';
import { explainViews, type ViewStage } from '../augment/explainViews.js';
import { sampleBackgrounds } from '../augment/sampleBackgrounds.js';
import { sampleViews } from '../augment/sampleViews.js';
import { type ViewsOptions, viewOptions, viewsOptions } from '../augment/viewsOptions.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { RunFolder } from '../run/runFolder.js';
import { type ViewPicture, writeViewPictures } from '../run/viewPictures.js';
import type { BackgroundSet } from './backgroundSet.js';

/** Every augmentation there is, for the gallery, but those that need something of the user's. */
const allNames = viewOptions.options.map(({ shape }) => shape.name.value).filter((name) => name !== 'module' && name !== 'backgroundMix');

/** The pictures show the draws of the first epoch. */
const EPOCH = 1;

/**
 * Writes the run's views.json: one training clip's patch as each augmentation of the run changes it, step by step for both views,
 * and a gallery of all augmentations, each alone on the patch.
 */
export async function showViews({
  run,
  store,
  pool,
  views,
  patchFrames,
  seed,
  backgroundSet,
}: {
  run: RunFolder;
  store: Pick<FeatureStore, 'clips' | 'nMels' | 'readPatches'>;
  /** Store indices of the training clips. */
  pool: readonly number[];
  views: ViewsOptions;
  patchFrames: number;
  seed: number;
  backgroundSet?: Pick<BackgroundSet, 'read'>;
}): Promise<void> {
  const { nMels } = store;
  const shape: [number, number, number] = [1, patchFrames, nMels];
  const { clip, values } = await tellingPatch(store, pool, patchFrames);
  const isMixing = pool.length >= 3;
  const names = allNames.filter((name) => name !== 'mixBack' || isMixing);
  const gallery = viewsOptions.parse(names.map((name) => (name === 'timeReversal' ? { name, reversalProb: 1 } : { name })));
  const backgroundOf = isMixing
    ? await store.readPatches(sampleBackgrounds({ seed, epoch: EPOCH, clips: [clip], pool, sampleStart: () => 0 }).flat(), patchFrames)
    : new Float32Array(2 * patchFrames * nMels);
  const otherOf = await backgroundSet?.read({ seed, epoch: EPOCH, clips: [clip], numViews: 2 });
  const patch = tf.tensor3d(values, shape);
  const ofViews = (both: Float32Array) => [0, 1].map((view) => tf.tensor3d(both.slice(view * patch.size, (view + 1) * patch.size), shape));
  const [backgrounds, others] = [ofViews(backgroundOf), otherOf && ofViews(otherOf)];
  const explain = (list: ViewsOptions, view: number): Promise<ViewStage[]> =>
    explainViews(patch, sampleViews(list, { seed, epoch: EPOCH, clips: [clip], view, patchFrames, nMels }), {
      backgrounds: backgrounds[view],
      others: others?.[view],
    });
  try {
    const toPicture = ({ name, logMel, detail }: ViewStage): ViewPicture => ({
      name,
      numFrames: patchFrames,
      nMels,
      data: logMel,
      note: detail,
    });
    const stages = [await explain(views, 0), await explain(views, 1)];
    const alone: ViewStage[] = [stages[0][0]];
    for (const option of gallery) alone.push((await explain([option], 0))[1]);
    await writeViewPictures(run, {
      clip: store.clips[clip].id,
      views: stages.map((list) => list.map(toPicture)),
      gallery: alone.map(toPicture),
    });
  } finally {
    tf.dispose([patch, ...backgrounds, ...(others ?? [])]);
  }
}

/** How many clips are looked at for one worth showing. */
const NUM_CANDIDATES = 8;

/** The patch with the most to see: of the first patches of a few clips spread over the pool, the one whose values vary most. */
async function tellingPatch(
  store: Pick<FeatureStore, 'readPatches'>,
  pool: readonly number[],
  patchFrames: number,
): Promise<{ clip: number; values: Float32Array }> {
  let best: { clip: number; values: Float32Array; variance: number } | undefined;
  const numCandidates = Math.min(NUM_CANDIDATES, pool.length);
  for (let i = 0; i < numCandidates; i++) {
    const clip = pool[Math.floor((i * pool.length) / numCandidates)];
    const values = await store.readPatches([{ clip, start: 0 }], patchFrames);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    if (best === undefined || variance > best.variance) best = { clip, values, variance };
  }
  return best!;
}
