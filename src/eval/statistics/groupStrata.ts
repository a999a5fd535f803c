import { AudiosslError } from '../../util/errors.js';

export interface GroupStrata {
  /** Clips of each group. */
  clipsOf: number[][];
  /** Groups of each stratum. */
  strata: number[][];
  /** Strata with a single group: it is in every draw once, so that such a stratum adds nothing to the width of an interval. */
  numSingleGroupStrata: number;
}

/**
 * Groups (recordings or uploaders, drawn whole) by stratum (class). A group with clips of several classes belongs to the stratum of
 * most of its clips, the lowest of equals; its clips of other classes come along with it, so that the number of clips of a class may
 * differ from draw to draw. Groups and strata are in the order of their names: the order of the clips changes no draw.
 * Without `groups` each clip is a group of its own.
 */
export function groupStrata({ strata, groups }: { strata: ArrayLike<number>; groups?: readonly string[] }): GroupStrata {
  const numClips = strata.length;
  if (numClips === 0) throw new AudiosslError('groupStrata: needs at least 1 clip, got none');
  if (groups && groups.length !== numClips) {
    throw new AudiosslError(`groupStrata: needs a group for each of ${numClips} clips, got ${groups.length}`);
  }
  const clipsOf = groups ? clipsByName(groups) : Array.from(strata, (_, clip) => [clip]);
  const ofStratum = new Map<number, number[]>();
  clipsOf.forEach((clips, group) => {
    const stratum = mostFrequent(clips.map((clip) => strata[clip]));
    const before = ofStratum.get(stratum);
    if (before) before.push(group);
    else ofStratum.set(stratum, [group]);
  });
  const sorted = [...ofStratum].sort(([a], [b]) => a - b).map(([, list]) => list);
  return { clipsOf, strata: sorted, numSingleGroupStrata: sorted.filter((list) => list.length === 1).length };
}

function clipsByName(groups: readonly string[]): number[][] {
  const clips = new Map<string, number[]>();
  groups.forEach((group, clip) => {
    const before = clips.get(group);
    if (before) before.push(clip);
    else clips.set(group, [clip]);
  });
  return [...clips].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list);
}

function mostFrequent(values: readonly number[]): number {
  const count = new Map<number, number>();
  for (const value of values) count.set(value, (count.get(value) ?? 0) + 1);
  return [...count].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a))[0];
}
