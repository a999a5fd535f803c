import { UsageError } from '../util/errors.js';
import { type EvaluationResult, evaluate } from './evaluate.js';
import { evaluateFolds } from './evaluateFolds.js';
import type { EvaluateOptions } from './evaluateOptions.js';
import { seedOf } from './evaluationContext.js';
import type { LabelLimit } from './limitLabels.js';
import { seedSummary } from './statistics/seedSummary.js';
import { withEmbeddingCache } from './withEmbeddingCache.js';

export interface SeriesOptions extends Omit<EvaluateOptions, 'limit' | 'fold'> {
  /** One evaluation each; `'all'` = all labels. Default: only that. */
  limits?: readonly (LabelLimit | 'all')[];
  /** Seeds `seed`, `seed + 1` ...: other draws of the labels, other classifiers. */
  repeats?: number;
  /** k-fold evaluation over these folds of the data; an empty list = all of them. Absent: the one split. */
  folds?: readonly string[];
}

/** Evaluations that differ in nothing but their seed; of a k-fold evaluation the pooled ones. */
export interface SeriesRow {
  /** 1 = all labels; null beside `shots`. */
  labelFraction: number | null;
  shots: number | null;
  seeds: number[];
  /** Mean over the seeds. */
  numTrainClips: number;
  clipMicroAccuracy: { mean: number; standardDeviation: number | null };
  clipMacroAccuracy: { mean: number; standardDeviation: number | null };
  /** Names of the records. */
  evaluations: string[];
}

export interface SeriesResult {
  /** Every record that was written, in order. */
  results: EvaluationResult[];
  summary: SeriesRow[];
}

/**
 * A curve over labels: one checkpoint evaluated with several limits of the labels and several seeds, one record each. Every clip is
 * embedded once for all of them. With one seed the labels are nested, so that a curve grows by clips and does not change them.
 *
 * @example
 * ```ts
 * import { evaluateSeries, FeatureStore, loadModel } from 'audiossl';
 * const run = 'runs/mine'; // as in the example of pretrain
 * const [store, model] = [await FeatureStore.open('features'), await loadModel(run)];
 * const limits = [{ shots: 2 }, 'all']; // 2 labelled clips of each class, then all
 * const { summary } = await evaluateSeries({ run, store, model, protocol: 'knn', split: 'validation', limits });
 * await store.close();
 * summary.map(({ numTrainClips, clipMacroAccuracy }) => [numTrainClips, clipMacroAccuracy.mean]); // => [[4, 1], [16, 1]]
 * ```
 */
export async function evaluateSeries({ limits = ['all'], repeats = 1, ...given }: SeriesOptions): Promise<SeriesResult> {
  checkSeries(limits, repeats, given.protocol);
  if (given.keepProbe !== undefined && (limits.length > 1 || repeats > 1 || given.folds !== undefined)) {
    throw new UsageError(
      'evaluate: one probe can be kept, and --folds, --repeats and several limits of labels train many; leave them out, or --keep-probe',
    );
  }
  return withEmbeddingCache(given, (cache) => evaluateAll({ ...given, cache, limits, repeats }));
}

async function evaluateAll({
  limits,
  repeats,
  folds,
  ...given
}: SeriesOptions & Required<Pick<SeriesOptions, 'limits' | 'repeats'>>): Promise<SeriesResult> {
  const { seed = seedOf(given.model) } = given;
  const results: EvaluationResult[] = [];
  const summary: SeriesRow[] = [];
  for (const limit of limits) {
    const rows: EvaluationResult[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const one = { ...given, seed: seed + repeat, ...(limit !== 'all' && { limit }) };
      const done = folds === undefined ? [await evaluate(one)] : await evaluateFolds({ ...one, folds });
      results.push(...done);
      rows.push(done[done.length - 1]);
    }
    summary.push(summaryOf(limit, rows));
  }
  return { results, summary };
}

function checkSeries(limits: readonly (LabelLimit | 'all')[], repeats: number, protocol: EvaluateOptions['protocol']): void {
  const names = limits.map((limit) => JSON.stringify(limit));
  const twice = limits.find((_, i) => names.indexOf(names[i]) !== i);
  if (twice !== undefined) {
    throw new UsageError(`evaluate: each share of labels must be given once, got ${JSON.stringify(twice)} twice`);
  }
  const dependsOnSeed = protocol === 'linear' || protocol === 'finetune' || limits.some((limit) => limit !== 'all');
  if (repeats > 1 && !dependsOnSeed) {
    throw new UsageError(
      `evaluate: --repeats needs something that a seed changes, ${protocol} with all labels gives the same ${repeats} times; add --label-fractions or --shots, or leave it out`,
    );
  }
}

function summaryOf(limit: LabelLimit | 'all', rows: readonly EvaluationResult[]): SeriesRow {
  const spread = (key: 'clipMicroAccuracy' | 'clipMacroAccuracy') => {
    const { mean, standardDeviation } = seedSummary(rows.map(({ record }) => record[key]));
    return { mean, standardDeviation };
  };
  const shots = limit !== 'all' && 'shots' in limit ? limit.shots : null;
  return {
    labelFraction: limit === 'all' ? 1 : 'labelFraction' in limit ? limit.labelFraction : null,
    shots,
    seeds: rows.map(({ record }) => record.seed),
    numTrainClips: rows.reduce((sum, { numTrainClips }) => sum + numTrainClips, 0) / rows.length,
    clipMicroAccuracy: spread('clipMicroAccuracy'),
    clipMacroAccuracy: spread('clipMacroAccuracy'),
    evaluations: rows.map(({ name }) => name),
  };
}
