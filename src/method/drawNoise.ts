import { Rng } from '../util/rng.js';

/**
 * How often each of so many rows is drawn as noise for each clip, `[clips x rows]` row-major: `numNoise` independent draws a clip, every row,
 * the clip's own too, as likely as any other. They depend on (seed, step, clip) alone, not on the batch or on who else draws.
 */
export function drawNoise(
  clips: Int32Array,
  { numRows, numNoise, seed, step }: { numRows: number; numNoise: number; seed: number; step: number },
): Float32Array {
  const counts = new Float32Array(clips.length * numRows);
  for (const [i, clip] of clips.entries()) {
    const rng = new Rng({ seed, epoch: step, clip, purpose: 'memory noise' });
    const from = i * numRows;
    for (let k = 0; k < numNoise; k++) counts[from + rng.integer(0, numRows)]++;
  }
  return counts;
}
