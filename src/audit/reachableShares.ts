/**
 * `[n, numClasses]` row-major: how many of a clip's neighbours bear each label, as a share of how many could: a class with fewer clips outside
 * the own group than there are neighbours is measured against those, so that small classes are not suspected for being small.
 */
export function reachableShares({
  neighbours,
  labels,
  groups,
  numClasses,
}: {
  /** Indices of the neighbours of each clip. */
  neighbours: readonly ArrayLike<number>[];
  labels: ArrayLike<number>;
  groups: readonly string[];
  numClasses: number;
}): Float64Array {
  const sizes = new Float64Array(numClasses);
  const sizesInGroup = new Map<string, Float64Array>();
  groups.forEach((group, clip) => {
    const own = sizesInGroup.get(group) ?? new Float64Array(numClasses);
    sizesInGroup.set(group, own);
    sizes[labels[clip]]++;
    own[labels[clip]]++;
  });
  const shares = new Float64Array(groups.length * numClasses);
  groups.forEach((group, clip) => {
    const own = sizesInGroup.get(group) as Float64Array;
    const row = shares.subarray(clip * numClasses, (clip + 1) * numClasses);
    for (let i = 0; i < neighbours[clip].length; i++) row[labels[neighbours[clip][i]]]++;
    for (let label = 0; label < numClasses; label++) {
      const reachable = Math.min(neighbours[clip].length, sizes[label] - own[label]);
      row[label] = reachable > 0 ? row[label] / reachable : 0;
    }
  });
  return shares;
}
