import type { FeatureStore } from '../data/FeatureStore.js';
import { whitenModel } from '../embed/whitenModel.js';
import { loadModel } from '../model/loadModel.js';
import type { RunFolder } from '../run/runFolder.js';

/** Writes a run's `whitened` checkpoint: its last weights, embeddings decorrelated by `clips`, indices in the store. */
export async function whitenRun(
  run: RunFolder,
  {
    store,
    clips,
    shrinkage,
    signal,
  }: { store: FeatureStore; clips: readonly number[]; shrinkage: number; signal?: AbortSignal | undefined },
): Promise<void> {
  const model = await loadModel(run.dir, { checkpoint: 'last' });
  try {
    await whitenModel({ model, store, clips, out: run.whitenedCheckpoint, shrinkage, ...(signal && { signal }) });
  } finally {
    model.dispose();
  }
}
