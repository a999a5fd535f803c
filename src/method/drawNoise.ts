import { Rng } from '../util/rng.js';

/**
 * The rows drawn as noise for each clip, `[clips x numNoise]` row-major: independent draws, every row, the clip's own too, as likely as any
 * other. They depend on (seed, step, clip) alone, not on the batch or on who else draws.
 */
export function drawNoise(
  clips: Int32Array,
  { numRows, numNoise, seed, step }: { numRows: number; numNoise: number; seed: number; step: number },
): Int32Array {
  const drawn = new Int32Array(clips.length * numNoise);
  for (const [i, clip] of clips.entries()) {
    const rng = new Rng({ seed, epoch: step, clip, purpose: 'memory noise' });
    rng.integers(0, numRows, drawn.subarray(i * numNoise, (i + 1) * numNoise));
  }
  return drawn;
}
