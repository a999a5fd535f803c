import { foldNames } from '../data/foldRoles.js';
import { type EvaluationInput, evaluationName } from '../run/evaluationRecord.js';
import { openRun } from '../run/runFolder.js';
import { UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { type EvaluationResult, evaluate } from './evaluate.js';
import type { EvaluateOptions } from './evaluateOptions.js';
import { evaluationOptions } from './evaluationOptions.js';
import { foldSplit } from './foldSplit.js';
import { baselineRecords, pooledClips, scoresOf } from './scoredClips.js';
import { withEmbeddingCache } from './withEmbeddingCache.js';
import { writeEvaluationFiles } from './writeEvaluationFiles.js';

/**
 * k-fold evaluation: each of `folds` (default: all of the data) is the test set in turn, so that every clip is predicted once by a
 * classifier that learnt from other folds. Writes a record a fold and one that pools their clips; gives the folds' results, then the pooled.
 * The encoder is the run's in all of them: the records say how many test clips it was trained on.
 *
 * @example
 * ```ts
 * import { evaluateFolds, FeatureStore, loadModel } from 'audiossl';
 * const run = 'runs/mine'; // as in the example of pretrain
 * const [store, model] = [await FeatureStore.open('features'), await loadModel(run)];
 * const results = await evaluateFolds({ run, store, model, protocol: 'knn', split: 'test' });
 * await store.close();
 * const { record } = results[results.length - 1]; // after those of the 5 folds
 * [results.length, record.numClips, record.clipMacroAccuracy]; // => [6, 20, 1]
 * ```
 */
export async function evaluateFolds(given: EvaluateFoldsOptions): Promise<EvaluationResult[]> {
  return withEmbeddingCache(given, (cache) => evaluateFoldsWith({ ...given, cache }));
}

type EvaluateFoldsOptions = Omit<EvaluateOptions, 'fold'> & { folds?: readonly string[] };

async function evaluateFoldsWith({ folds = [], ...given }: EvaluateFoldsOptions): Promise<EvaluationResult[]> {
  const tested = folds.length > 0 ? folds : foldNames(given.store.clips);
  const twice = tested.find((fold, i) => tested.indexOf(fold) !== i);
  if (twice !== undefined) throw new UsageError(`evaluate: --folds must name a fold once, got ${twice} twice`);
  // Every fold is looked at before the first is evaluated: a typo in the last must not cost the work of the others.
  for (const fold of tested.length > 0 ? tested : ['']) foldSplit(given.store.clips, fold);
  const results: EvaluationResult[] = [];
  for (const fold of tested) results.push(await evaluate({ ...given, fold }));
  if (results.length > 1) results.push(await writePooled(given, tested, results));
  return results;
}

async function writePooled(
  { run, protocol, options = evaluationOptions.parse({}) }: Omit<EvaluateOptions, 'fold'>,
  folds: readonly string[],
  results: readonly EvaluationResult[],
): Promise<EvaluationResult> {
  const records = results.map(({ record }) => record);
  const [first] = records;
  const clips = pooledClips(results.map((result) => result.clips));
  const { classNames, seed } = first;
  const scoring = { classNames, bootstrapDraws: options.bootstrapDraws, seed };
  const numSeen = records.reduce((sum, { options: own }) => sum + Number(own?.seenInTraining ?? 0), 0);
  const record: EvaluationInput = {
    ...first,
    fold: null,
    folds: records.map(({ numClips, clipMicroAccuracy, clipMacroAccuracy }, i) => ({
      ...{ fold: folds[i], numClips, clipMicroAccuracy, clipMacroAccuracy },
    })),
    time: new Date().toISOString(),
    options: { ...commonOptions(records), ...(numSeen > 0 && { seenInTraining: numSeen }) },
    ...scoresOf(clips, scoring),
    baselines: baselineRecords(clips, scoring),
    seconds: summedSeconds(records),
    splitSha256: sha256(records.map(({ splitSha256 }) => splitSha256).join('\n')),
    notes: pooledNotes(folds, records),
  };
  const name = evaluationName(record);
  // Fine-tuning makes another encoder of each fold, the authors' knn gives projections: neither belongs on one map.
  const withEmbeddings = protocol !== 'finetune' && !(protocol === 'knn' && options.compat.knn);
  await writeEvaluationFiles({ run: typeof run === 'string' ? await openRun(run) : run, name, record, clips, withEmbeddings });
  const numTrainClips = results.reduce((sum, result) => sum + result.numTrainClips, 0) / results.length;
  return { name, record, numTrainClips, clips };
}

/** Options and derived numbers that are equal in all folds. */
function commonOptions(records: readonly EvaluationInput[]): NonNullable<EvaluationInput['options']> {
  const [first, ...others] = records.map(({ options }) => options ?? {});
  return Object.fromEntries(
    Object.entries(first).filter(
      ([key, value]) => key !== 'seenInTraining' && others.every((other) => JSON.stringify(other[key]) === JSON.stringify(value)),
    ),
  );
}

function summedSeconds(records: readonly EvaluationInput[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { seconds = {} } of records) for (const [part, value] of Object.entries(seconds)) sums[part] = (sums[part] ?? 0) + value;
  return sums;
}

/** Notes that every fold has once, the others with their fold. */
function pooledNotes(folds: readonly string[], records: readonly EvaluationInput[]): string[] {
  const all = records.map(({ notes = [] }) => notes);
  const common = all[0].filter((note) => all.every((notes) => notes.includes(note)));
  const own = all.flatMap((notes, i) => notes.filter((note) => !common.includes(note)).map((note) => `fold ${folds[i]}: ${note}`));
  return [
    `the test clips of folds ${folds.join(', ')}, each fold predicted in its turn; the next one validated, the others trained`,
    ...common,
    ...own,
  ];
}
