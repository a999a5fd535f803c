/** K of a vote, and why it is not the one wanted. */
export interface BoundNeighbours {
  neighbours: number;
  /** For the reader, where K was lowered. */
  note?: string;
}

/**
 * Lowers K to what the bank can answer: no more neighbours than the smallest class has patches there, since with more of them that class
 * is outvoted whatever the embeddings say. Leaving the query's clip out, that is the class less its largest clip, over classes with a
 * second clip. At least 1.
 *
 * @param labels class of each bank patch
 */
export function boundNeighbours({
  wanted,
  labels,
  clipOfPatch,
  exceptOwnClip = false,
}: {
  wanted: number;
  labels: ArrayLike<number>;
  clipOfPatch: ArrayLike<number>;
  exceptOwnClip?: boolean;
}): BoundNeighbours {
  const clipsOf = new Map<number, Map<number, number>>();
  for (let patch = 0; patch < labels.length; patch++) {
    const clips = clipsOf.get(labels[patch]) ?? new Map<number, number>();
    clipsOf.set(labels[patch], clips.set(clipOfPatch[patch], (clips.get(clipOfPatch[patch]) ?? 0) + 1));
  }
  const left = [...clipsOf.values()].flatMap((clips) => {
    const sizes = [...clips.values()];
    const all = sizes.reduce((sum, size) => sum + size, 0);
    if (!exceptOwnClip) return [all];
    return sizes.length < 2 ? [] : [all - Math.max(...sizes)];
  });
  const smallest = left.length === 0 ? 1 : Math.min(...left);
  const neighbours = Math.max(1, Math.min(wanted, smallest));
  if (neighbours === wanted) return { neighbours };
  const whose = exceptOwnClip ? 'the smallest class, one clip left out,' : 'the smallest class';
  return { neighbours, note: `K is ${neighbours} in place of ${wanted}: ${whose} has ${smallest} patches to ask` };
}
