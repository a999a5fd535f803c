import { AudiosslError } from '../util/errors.js';
import { Rng } from '../util/rng.js';

/**
 * Start of a random patch: uniform over 0 .. numFrames - patchFrames, both included.
 * `excludeLastStart` leaves the last one out, as the authors' code does (a clip one frame longer than a patch then always starts at 0).
 * A clip as long as a patch uses up no random number.
 */
export function sampleStart(
  rng: Rng,
  numFrames: number,
  patchFrames: number,
  { excludeLastStart = false }: { excludeLastStart?: boolean } = {},
): number {
  const lastStart = numFrames - patchFrames;
  if (lastStart < 0) throw new AudiosslError(`sampleStart: a clip needs at least ${patchFrames} frames, got ${numFrames}`);
  if (lastStart === 0) return 0;
  return rng.integer(0, excludeLastStart ? lastStart : lastStart + 1);
}

/** Starts of the grid patches: 0, hop, 2 hop ... plus the last possible start, so that every frame is covered when hop <= patchFrames. */
export function gridStarts(numFrames: number, patchFrames: number, hop: number): number[] {
  const lastStart = numFrames - patchFrames;
  if (lastStart < 0) throw new AudiosslError(`gridStarts: a clip needs at least ${patchFrames} frames, got ${numFrames}`);
  if (!Number.isInteger(hop) || hop < 1) throw new AudiosslError(`gridStarts: hop must be a whole number of frames from 1 up, got ${hop}`);
  const starts: number[] = [];
  for (let start = 0; start < lastStart; start += hop) starts.push(start);
  starts.push(lastStart);
  return starts;
}

/**
 * The batches of one epoch: a permutation of 0 .. numClips - 1 named by (seed, epoch), cut into runs of `batchSize`.
 * A last batch under `minLastBatch` joins the one before, so nothing is dropped and batch statistics never come from a handful of clips.
 */
export function epochBatches({
  numClips,
  batchSize,
  seed,
  epoch,
  minLastBatch = 8,
}: {
  numClips: number;
  batchSize: number;
  seed: number;
  epoch: number;
  minLastBatch?: number;
}): Uint32Array[] {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new AudiosslError(`epochBatches: batchSize must be at least 1, got ${batchSize}`);
  const order = new Rng({ seed, epoch, purpose: 'epochOrder' }).permutation(numClips);
  const batches: Uint32Array[] = [];
  for (let first = 0; first < numClips; ) {
    const left = numClips - first - batchSize;
    const size = left > 0 && left < Math.min(minLastBatch, batchSize) ? batchSize + left : batchSize;
    batches.push(order.subarray(first, first + size));
    first += size;
  }
  return batches;
}
