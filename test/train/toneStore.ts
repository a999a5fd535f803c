import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { buildFeatureStore } from '../../src/data/buildFeatureStore.js';
import { FeatureStore } from '../../src/data/FeatureStore.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { folderWith, tone } from '../data/syntheticData.js';

/** 24 mel bands, patches of 32 frames: small enough for the slow backends. */
export const toneFrontEnd = resolveFrontEnd({ preset: 'acl', nMels: 24, minSeconds: 0.5 });

/** Folders `low` and `high` with `numClips` tones each, 0.5 to 0.8 s. */
export async function toneFolder(numClips = 10): Promise<string> {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < numClips; i++) {
    files[`low/${String(i).padStart(2, '0')}.wav`] = tone(200 + 40 * i, 0.5 + 0.03 * i);
    files[`high/${String(i).padStart(2, '0')}.wav`] = tone(3000 + 200 * i, 0.8 - 0.03 * i);
  }
  return folderWith(files);
}

/** The folder of a store of these tones. */
export async function toneStoreFolder(numClips = 10, frontEnd = toneFrontEnd): Promise<string> {
  const dir = await toneFolder(numClips);
  await buildFeatureStore({ dataset: await loadDataset(dir), frontEnd, out: `${dir}-store`, numWorkers: 1 });
  return `${dir}-store`;
}

/** The store, open: whoever asks for it closes it. */
export async function toneStore(numClips = 10, frontEnd = toneFrontEnd): Promise<FeatureStore> {
  return FeatureStore.open(await toneStoreFolder(numClips, frontEnd));
}
