import type { Split } from '../data/clip.js';

/** Store indices of the clips of each split, in store order. Clips that are in no split are in none. */
export function splitIndices(clips: readonly { id: string }[], splitOf: ReadonlyMap<string, Split>): Record<Split, number[]> {
  const indices: Record<Split, number[]> = { train: [], validation: [], test: [] };
  clips.forEach(({ id }, i) => {
    const split = splitOf.get(id);
    if (split !== undefined) indices[split].push(i);
  });
  return indices;
}
