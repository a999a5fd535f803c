import { sha256 } from '../util/hash.js';
import { type Clip, compareCodeUnits, groupOf } from './clip.js';

/**
 * Ids of about `fraction` of the clips: stratified by label, whole groups only, in the order of hash(seed, smallest id of the group).
 * The choice in one label does not depend on the clips of another, nor on the order of `clips`.
 * A label takes groups while that brings it nearer to its share; one with three groups or more gives at least one, and none gives all.
 */
export function stratifiedSample(clips: readonly Clip[], { fraction, seed }: { fraction: number; seed: number }): Set<string> {
  if (fraction === 0) return new Set();
  const groups = new Map<string, Clip[]>();
  for (const clip of [...clips].sort((a, b) => compareCodeUnits(a.id, b.id))) {
    const key = groupOf(clip);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [clip]);
    else members.push(clip);
  }
  // A group with several labels counts for the label of its first clip.
  const strata = new Map<string, { members: Clip[]; order: string }[]>();
  for (const members of groups.values()) {
    const label = members[0].label ?? '';
    const stratum = strata.get(label) ?? [];
    stratum.push({ members, order: sha256(`${seed}\n${members[0].id}`) });
    strata.set(label, stratum);
  }
  const chosen = new Set<string>();
  for (const stratum of strata.values()) {
    stratum.sort((a, b) => compareCodeUnits(a.order, b.order));
    const numClips = stratum.reduce((sum, { members }) => sum + members.length, 0);
    const target = Math.round(fraction * numClips);
    let count = 0;
    let numChosen = 0;
    for (const { members } of stratum) {
      const isNeeded = numChosen === 0 && stratum.length >= 3;
      const isNearer = Math.abs(count + members.length - target) < Math.abs(count - target);
      if (numChosen + 1 >= stratum.length || !(isNeeded || isNearer)) continue;
      for (const { id } of members) chosen.add(id);
      count += members.length;
      numChosen++;
    }
  }
  return chosen;
}
