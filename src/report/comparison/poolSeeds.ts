import { UsageError } from '../../util/errors.js';
import { valueAt } from '../selection.js';
import type { EvaluatedRun } from './evaluatedRuns.js';
import type { System } from './system.js';

type Pooled = Pick<System, 'ids' | 'labels' | 'groups' | 'seeds' | 'predicted' | 'correct' | 'notes'>;

/**
 * The predictions of one system: each seed's runs together test each clip once (their folds are pooled). Seeds that lack clips are left
 * out and noted. Of several evaluations of one run one counts, that with the run's own seed or else the lowest, and of several k-fold ones
 * with that seed the one of most clips: it is runs, not the classifiers on top of them, that repeat an experiment.
 * Throws UsageError for a clip that is tested twice in a seed, for labels that differ, and where no seed has all clips.
 */
export function poolSeeds(entries: readonly EvaluatedRun[]): Pooled & { used: EvaluatedRun[] } {
  const notes: string[] = [];
  const chosen = oneEvaluationARun(entries, notes);
  const { classNames } = chosen[0].record;
  const classOf = new Map(classNames.map((name, i) => [name, i]));
  const clips = new Map<string, { label: number; group: string }>();
  const bySeed = new Map<number, Map<string, { predicted: number; entry: EvaluatedRun }>>();
  for (const entry of chosen) {
    const seed = seedOf(entry);
    const ofSeed = bySeed.get(seed) ?? new Map();
    bySeed.set(seed, ofSeed);
    for (const { id, label, predicted, group = id } of entry.predictions) {
      const [labelIndex, predictedIndex] = [label, predicted].map((name) => {
        const index = classOf.get(name);
        if (index === undefined) {
          throw new UsageError(
            `report: ${entry.run}: the predictions of ${entry.evaluation} must name the record's classes, clip ${id} has "${name}"; evaluate it again`,
          );
        }
        return index;
      });
      const known = clips.get(id);
      if (known !== undefined && known.label !== labelIndex) {
        throw new UsageError(
          `report: a clip must have one label in all runs, ${id} has ${classNames[known.label]} and in ${entry.run} ${label}; these are different datasets, report on them apart`,
        );
      }
      if (known === undefined) clips.set(id, { label: labelIndex, group });
      const twice = ofSeed.get(id);
      if (twice !== undefined) {
        throw new UsageError(
          `report: runs of one config and seed must test different clips, ${twice.entry.run} and ${entry.run} (seed ${seed}) both test ${id}; leave one of them out`,
        );
      }
      ofSeed.set(id, { predicted: predictedIndex, entry });
    }
  }
  const ids = [...clips.keys()].sort();
  const seeds = [...bySeed.keys()].sort((a, b) => a - b);
  const complete = seeds.filter((seed) => bySeed.get(seed)?.size === ids.length);
  const partial = seeds.filter((seed) => !complete.includes(seed)).map((seed) => `seed ${seed} (${bySeed.get(seed)?.size})`);
  if (complete.length === 0) {
    throw new UsageError(
      `report: one seed at least must have all ${ids.length} clips that the runs of ${chosen[0].run}'s config test, got ${partial.join(', ')}; evaluate the folds that are missing`,
    );
  }
  if (partial.length > 0) notes.push(`left out, because not all ${ids.length} clips are tested: ${partial.join(', ')}`);
  const labels = Int32Array.from(ids, (id) => clips.get(id)?.label as number);
  const predicted = complete.map((seed) => Int32Array.from(ids, (id) => bySeed.get(seed)?.get(id)?.predicted as number));
  return {
    ids,
    labels,
    groups: ids.map((id) => clips.get(id)?.group as string),
    seeds: complete,
    predicted,
    correct: predicted.map((ofSeed) => Uint8Array.from(ofSeed, (guess, i) => (guess === labels[i] ? 1 : 0))),
    notes,
    used: chosen.filter((entry) => complete.includes(seedOf(entry))),
  };
}

function oneEvaluationARun(entries: readonly EvaluatedRun[], notes: string[]): EvaluatedRun[] {
  const byRun = new Map<string, EvaluatedRun[]>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.run, entry.record.fold]);
    byRun.set(key, [...(byRun.get(key) ?? []), entry]);
  }
  return [...byRun.values()].map((ofRun) => {
    const sorted = [...ofRun].sort((a, b) => a.record.seed - b.record.seed || b.record.numClips - a.record.numClips);
    const chosen = sorted.find((entry) => entry.record.seed === seedOf(entry)) ?? sorted[0];
    if (sorted.length > 1) {
      notes.push(
        `${chosen.run} was evaluated ${sorted.length} times (seeds ${sorted.map(({ record }) => record.seed).join(', ')}): ${chosen.evaluation} counts`,
      );
    }
    return chosen;
  });
}

/** The run's seed; that of the evaluation where the config has none. */
function seedOf({ config, record }: EvaluatedRun): number {
  const seed = valueAt(config, ['seed']);
  return typeof seed === 'number' ? seed : record.seed;
}
