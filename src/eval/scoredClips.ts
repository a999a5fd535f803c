import { clipMeans, patchesPerClip } from '../embed/embedClips.js';
import type { BaselineRecord, EvaluationInput } from '../run/evaluationRecord.js';
import { type Accuracies, accuraciesOf } from './accuracies.js';
import { type BaselinePredictions, chanceBaseline } from './baselines.js';
import type { LabelledClips } from './evaluationClips.js';
import { wilsonInterval } from './intervals.js';
import type { ProtocolResult } from './protocols.js';
import { calibration } from './statistics/calibration.js';
import { differenceTo } from './statistics/differenceTo.js';

/** Clips with what was said about them: all that scores are computed from, so that those of several folds can be pooled. */
export interface ScoredClips extends Pick<LabelledClips, 'ids' | 'labels' | 'groups'> {
  predicted: number[];
  probabilities: number[][];
  topThree: number[][];
  /** Grid patches of each clip. */
  numPatches: number[];
  /** Mean embedding of each clip, `[numClips, dim]`. */
  embeddings: { data: Float32Array; dim: number };
  /** What others say about the same clips; undefined where they were not asked. */
  baselines?: readonly BaselinePredictions[];
}

export function scoredClips(
  { ids, labels, groups }: LabelledClips,
  result: ProtocolResult,
  baselines?: readonly BaselinePredictions[],
): ScoredClips {
  const { predicted, probabilities, topThree, patches } = result;
  const numPatches = Array.from(patchesPerClip(patches.clipOfPatch, ids.length));
  return {
    ids,
    labels,
    groups,
    predicted,
    probabilities,
    topThree,
    numPatches,
    embeddings: { data: clipMeans(patches, ids.length), dim: patches.dim },
    ...(baselines && { baselines }),
  };
}

/** The clips of several sets one behind the other; embeddings must be of one size. */
export function pooledClips(sets: readonly ScoredClips[]): ScoredClips {
  const data = new Float32Array(sets.reduce((sum, { embeddings }) => sum + embeddings.data.length, 0));
  let at = 0;
  for (const { embeddings } of sets) {
    data.set(embeddings.data, at);
    at += embeddings.data.length;
  }
  return {
    ids: sets.flatMap(({ ids }) => ids),
    labels: sets.flatMap(({ labels }) => labels),
    groups: sets.flatMap(({ groups }) => groups),
    predicted: sets.flatMap(({ predicted }) => predicted),
    probabilities: sets.flatMap(({ probabilities }) => probabilities),
    topThree: sets.flatMap(({ topThree }) => topThree),
    numPatches: sets.flatMap(({ numPatches }) => numPatches),
    embeddings: { data, dim: sets[0].embeddings.dim },
    ...pooledBaselines(sets),
  };
}

/** The baselines that every set has. What was chosen for one of them differs from set to set, so it is not told. */
function pooledBaselines(sets: readonly ScoredClips[]): Pick<ScoredClips, 'baselines'> {
  const [first] = sets;
  if (first.baselines === undefined) return {};
  const baselines = first.baselines.flatMap(({ name, hasPatches }) => {
    const ofSets = sets.map((set) => set.baselines?.find((other) => other.name === name));
    if (ofSets.some((own) => own === undefined)) return [];
    const all = ofSets as BaselinePredictions[];
    return [{ name, hasPatches, predicted: all.flatMap(({ predicted }) => predicted), topThree: all.flatMap(({ topThree }) => topThree) }];
  });
  return { baselines };
}

/** Scores of the baselines, chance first, each with the paired difference of the evaluated encoder to it. */
export function baselineRecords(
  clips: ScoredClips,
  { classNames, bootstrapDraws, seed }: { classNames: readonly string[]; bootstrapDraws: number; seed: number },
): BaselineRecord[] {
  if (clips.baselines === undefined) return [];
  const { labels, groups, numPatches } = clips;
  const right = (predicted: readonly number[]) => Uint8Array.from(predicted, (label, clip) => Number(label === labels[clip]));
  const scored = clips.baselines.map(({ name, note, predicted, topThree, hasPatches }): BaselineRecord => {
    const said = { labels, groups, predicted, topThree, ...(hasPatches && { numPatches }) };
    const pair = { a: [right(clips.predicted)], b: [right(predicted)], labels, groups, numClasses: classNames.length };
    return {
      name,
      ...accuraciesOf(said, { classNames, bootstrapDraws, seed }).accuracies,
      ...(note !== undefined && { note }),
      difference: differenceTo({ ...pair, replicates: bootstrapDraws, seed }) ?? null,
    };
  });
  return [chanceBaseline(classNames), ...scored];
}

type Scores = Accuracies & Pick<EvaluationInput, 'numClips' | 'numPatches' | 'intervalMethod' | 'perClass' | 'confusion' | 'calibration'>;

/** The part of an evaluation record that says how good the predictions are. */
export function scoresOf(clips: ScoredClips, options: { classNames: readonly string[]; bootstrapDraws: number; seed: number }): Scores {
  const { accuracies, metrics, macroMethod } = accuraciesOf(clips, options);
  return {
    ...accuracies,
    numClips: metrics.numClips,
    numPatches: clips.numPatches.reduce((sum, n) => sum + n, 0),
    intervalMethod: {
      clipMicroAccuracy: 'Wilson score interval, 95 %',
      clipMacroAccuracy: macroMethod,
      perClass: 'Wilson score interval, 95 %',
    },
    perClass: metrics.perClass.map(({ label, numClips, numRight, recall }) => ({
      label,
      numClips,
      recall,
      interval: wilsonInterval(numRight, numClips),
    })),
    confusion: metrics.confusion,
    calibration: calibration(clips),
  };
}
