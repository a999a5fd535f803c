import { describeFrontEndDifference, type FrontEnd } from '../audio/frontEnd.js';
import type { Split } from '../data/clip.js';
import type { StoredClip } from '../data/storeFiles.js';
import { UsageError } from '../util/errors.js';

/** The features must be those that the config describes. Throws UsageError with the values that differ. */
export function checkFrontEnd(who: string, ofStore: FrontEnd, ofConfig: FrontEnd): void {
  const difference = describeFrontEndDifference(ofStore, ofConfig);
  if (difference === undefined) return;
  throw new UsageError(
    `${who}: the features must be made with the config's front end, they differ (features / config): ${difference}; make them again with audiossl features or set frontEnd`,
  );
}

/**
 * There must be enough clips to train on, each long enough for a patch. Throws UsageError naming the first that is not.
 * @param stored all clips of the store
 * @param clips indices into `stored`
 */
export function checkClips(
  who: string,
  {
    stored,
    clips,
    patchFrames,
    batchSize,
  }: { stored: readonly StoredClip[]; clips: Record<Split, number[]>; patchFrames: number; batchSize: number },
): void {
  if (clips.train.length < 8)
    throw new UsageError(
      `${who}: at least 8 training clips are needed, got ${clips.train.length}; the loss compares each clip with others`,
    );
  if (batchSize < 2) throw new UsageError(`${who}: train.batchSize must be 2 or more, got ${batchSize}`);
  for (const index of [...clips.train, ...clips.validation]) {
    const { id, numFrames } = stored[index];
    if (numFrames < patchFrames) {
      throw new UsageError(
        `${who}: every clip needs data.patchFrames = ${patchFrames} frames, ${id} has ${numFrames}; raise frontEnd.minSeconds or lower data.patchFrames`,
      );
    }
  }
}
