// A look at validation clips, by one process or by ranks that share them: part of trainOnRanks.mjs.
import * as tf from '@tensorflow/tfjs-core';
import { embedClips } from '../../dist/embed/embedClips.js';
import { createClassifierMonitor } from '../../dist/train/classifierMonitor.js';
import { createMonitor } from '../../dist/train/monitor.js';
import { Rng } from '../../dist/util/rng.js';

const NUM_CLIPS = 11; // neither 2 nor 3 divides it
/** Of clips: the last batch of 9 leaves fewer than there are of three ranks. */
const BATCH_SIZE = { memoryBank: 9, default: 4 };
const CLASSES = ['a', 'b', 'c'];

/** Log-mel of clips of one to three patches, their number no multiple of anything. */
function storeOf([frames, nMels]) {
  const values = Array.from({ length: NUM_CLIPS }, (_, clip) => {
    const rng = new Rng({ seed: 6, clip, purpose: 'frames' });
    return Float32Array.from({ length: (frames + ((5 * clip) % (2 * frames))) * nMels }, () => rng.normal());
  });
  return {
    nMels,
    clips: values.map(({ length }) => ({ numFrames: length / nMels })),
    readPatches: async (requests) =>
      Float32Array.from(requests.flatMap(({ clip, start }) => [...values[clip].subarray(start * nMels, (start + frames) * nMels)])),
  };
}

/** What the look measured, with the embeddings that it was taken of. */
export async function lookOnRanks(name, { method, embedPatches, viewsOf, labelsOf, size, numViews }, group) {
  const clips = Array.from({ length: NUM_CLIPS }, (_, clip) => clip);
  const store = storeOf(size);
  const embedder = { patchFrames: size[0], patchHop: size[0] / 2, embedPatches };
  const batchSize = BATCH_SIZE[name] ?? BATCH_SIZE.default;
  const { h, dim, clipOfPatch } = await embedClips({ model: embedder, store, clips, batchSize, group });
  const labels = labelsOf(clips);
  const source = {
    viewsPerItem: numViews,
    read: async (items) => {
      const own = items.map((item) => item.clip ?? item);
      return { clips: own, labels: labelsOf(own) };
    },
    toViews: (batch) => viewsOf(batch.clips, 0, { numViews, size }),
  };
  const options = { method, source, batchSize, group };
  const look =
    numViews === 1
      ? createClassifierMonitor({ ...options, items: clips.map((clip) => ({ clip, label: labels[clip] })), classNames: CLASSES, seed: 1, selectBy: 'accuracy' })
      : createMonitor({ ...options, embedder, store, clips, labelled: { labels, classNames: CLASSES }, neighbours: 5 });
  const { values } = await look({ contrastiveLoss: 1, numPairs: batchSize, step: 60 });
  tf.dispose([...method.parameters.values()]);
  return { losses: [], values: new Map([['h', h]]), look: values, shape: [clipOfPatch.length, dim] };
}
