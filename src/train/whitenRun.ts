import type { FeatureStore } from '../data/FeatureStore.js';
import type { PatchEmbedder } from '../embed/embedClips.js';
import { embedSet } from '../embed/embedSet.js';
import { saveWhitened } from '../embed/whitenModel.js';
import type { RankGroup } from '../parallel/RankGroup.js';
import type { RunFolder } from '../run/runFolder.js';

/** Writes a run's `whitened` checkpoint: its last weights, embeddings decorrelated by `clips`, indices in the store. */
export async function whitenRun(
  run: RunFolder,
  {
    embedder,
    store,
    clips,
    shrinkage,
    group,
    signal,
  }: {
    /** The weights of the last checkpoint. */
    embedder: PatchEmbedder;
    store: FeatureStore;
    clips: readonly number[];
    shrinkage: number;
    /** The ranks that embed the clips together; rank 0 writes. */
    group?: RankGroup | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const patches = await embedSet({ model: embedder, store, clips, name: 'training', batchSize: 128, group, signal });
  const save = async () => {
    await saveWhitened({ from: run.lastCheckpoint, out: run.whitenedCheckpoint, patches, numClips: clips.length, shrinkage });
  };
  await (group?.first(save) ?? save());
}
