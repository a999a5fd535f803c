import * as tf from '@tensorflow/tfjs-core';
import { explainViews, type ViewStage } from '../augment/explainViews.js';
import { sampleBackgrounds } from '../augment/sampleBackgrounds.js';
import { sampleViews } from '../augment/sampleViews.js';
import { type ViewsOptions, viewsOptions } from '../augment/viewsOptions.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { RunFolder } from '../run/runFolder.js';
import { type ViewPicture, writeViewPictures } from '../run/viewPictures.js';

/** Every augmentation there is, for the gallery. */
const allNames = [
  'mixBack',
  'timeShift',
  'frequencyShift',
  'randomResizedCrop',
  'timeReversal',
  'compander',
  'specAugment',
  'gaussianNoise',
  'gaussianBlur',
] as const;

/** Draws of the gallery are those of this epoch, which training never reaches twice. */
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
}: {
  run: RunFolder;
  store: Pick<FeatureStore, 'clips' | 'nMels' | 'readPatches'>;
  /** Store indices of the training clips. */
  pool: readonly number[];
  views: ViewsOptions;
  patchFrames: number;
  seed: number;
}): Promise<void> {
  const [clip] = pool;
  const { nMels } = store;
  const shape: [number, number, number] = [1, patchFrames, nMels];
  const names = allNames.filter((name) => name !== 'mixBack' || pool.length >= 3);
  const gallery = viewsOptions.parse(names.map((name) => ({ name })));
  const isMixing = pool.length >= 3;
  const backgroundOf = isMixing
    ? await store.readPatches(sampleBackgrounds({ seed, epoch: EPOCH, clips: [clip], pool, sampleStart: () => 0 }).flat(), patchFrames)
    : new Float32Array(2 * patchFrames * nMels);
  const patch = tf.tensor3d(await store.readPatches([{ clip, start: 0 }], patchFrames), shape);
  const backgrounds = [0, 1].map((view) => tf.tensor3d(backgroundOf.slice(view * patch.size, (view + 1) * patch.size), shape));
  const explain = (list: ViewsOptions, view: number): Promise<ViewStage[]> =>
    explainViews(patch, sampleViews(list, { seed, epoch: EPOCH, clips: [clip], view, patchFrames, nMels }), {
      backgrounds: backgrounds[view],
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
    tf.dispose([patch, ...backgrounds]);
  }
}
