import { sha256 } from '../util/hash.js';
import type { LabelledClips } from './evaluationClips.js';

/** How many of the training labels may be learnt from: a share of each class, or a number of clips a class (few-shot). */
export type LabelLimit = { labelFraction: number } | { shots: number };

/** Clips of one recording (or uploader) and one class, positions in the set. */
interface Recording {
  order: string;
  members: { position: number; order: string }[];
}

/**
 * The training clips whose labels are used, in their order: stratified by class, chosen by hash(seed, id), at least one clip a class.
 * With one seed the choices are nested: the 1 % clips are among the 10 %, the one shot among the five.
 * A fraction takes whole recordings, as many as bring the class nearest to its share. Shots take each recording once before any twice,
 * because cuts of one recording say little more than one of them; a class with fewer clips gives all that it has.
 */
export function limitLabels(clips: LabelledClips, limit: LabelLimit, seed: number): LabelledClips {
  const chosen = [...recordingsOfClasses(clips, seed).values()].flatMap((recordings) =>
    'shots' in limit ? firstShots(recordings, limit.shots) : nearestShare(recordings, limit.labelFraction),
  );
  chosen.sort((a, b) => a - b);
  const pick = <T>(values: readonly T[]): T[] => chosen.map((position) => values[position]);
  return { ...clips, indices: pick(clips.indices), labels: pick(clips.labels), ids: pick(clips.ids), groups: pick(clips.groups) };
}

/** The recordings of each class, both they and their clips in the order of hash(seed, name). */
function recordingsOfClasses({ labels, ids, groups }: LabelledClips, seed: number): Map<number, Recording[]> {
  const classes = new Map<number, Map<string, Recording>>();
  labels.forEach((label, position) => {
    const recordings = classes.get(label) ?? new Map<string, Recording>();
    classes.set(label, recordings);
    const group = groups[position];
    const recording = recordings.get(group) ?? { order: sha256(`${seed}\n${group}`), members: [] };
    recordings.set(group, recording);
    recording.members.push({ position, order: sha256(`${seed}\n${ids[position]}`) });
  });
  const byOrder = (a: { order: string }, b: { order: string }): number => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0);
  return new Map(
    [...classes].map(([label, recordings]) => {
      const sorted = [...recordings.values()].sort(byOrder);
      for (const { members } of sorted) members.sort(byOrder);
      return [label, sorted];
    }),
  );
}

function nearestShare(recordings: readonly Recording[], fraction: number): number[] {
  const share = fraction * recordings.reduce((sum, { members }) => sum + members.length, 0);
  const chosen: number[] = [];
  for (const { members } of recordings) {
    const isNearer = Math.abs(chosen.length + members.length - share) < Math.abs(chosen.length - share);
    // Stopping at the first that is not nearer, and not passing it over, keeps the choices nested.
    if (chosen.length > 0 && !isNearer) break;
    chosen.push(...members.map(({ position }) => position));
  }
  return chosen;
}

function firstShots(recordings: readonly Recording[], shots: number): number[] {
  const longest = Math.max(...recordings.map(({ members }) => members.length));
  const rounds = Array.from({ length: longest }, (_, round) => recordings.flatMap(({ members }) => members[round]?.position ?? []));
  return rounds.flat().slice(0, shots);
}
