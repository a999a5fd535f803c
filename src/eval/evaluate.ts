import type { EvaluationInput } from '../run/evaluationRecord.js';
import { engineFacts, runFacts } from '../run/runFacts.js';
import { appendTestAccess } from '../run/testAccess.js';
import { predictByClassifier, predictByFinetuning } from './classifierProtocol.js';
import type { EvaluateOptions } from './evaluateOptions.js';
import { evaluationBaselines } from './evaluationBaselines.js';
import { prepareEvaluation } from './evaluationContext.js';
import { checkKeepProbe, keepProbe } from './keepProbe.js';
import type { ProtocolName } from './protocolNames.js';
import { type ProtocolInput, type ProtocolResult, predictByLinearProbe, predictByNeighbours } from './protocols.js';
import { baselineRecords, type ScoredClips, scoredClips, scoresOf } from './scoredClips.js';
import { withEmbeddingCache } from './withEmbeddingCache.js';
import { modelFacts, protocolOptions, writeEvaluationFiles } from './writeEvaluationFiles.js';

const predictors: Record<ProtocolName, (input: ProtocolInput) => Promise<ProtocolResult>> = {
  knn: predictByNeighbours,
  linear: predictByLinearProbe,
  finetune: predictByFinetuning,
  classifier: predictByClassifier,
};

export interface EvaluationResult {
  /** The files' name in the run's `evaluations/`. */
  name: string;
  record: EvaluationInput;
  /** Labelled training clips that were learnt from; of pooled folds, the mean. */
  numTrainClips: number;
  /** The clips behind the scores. */
  clips: ScoredClips;
  /** Where the probe was kept, with `keepProbe`. */
  probe?: string;
}

/**
 * Evaluates one checkpoint of a run under one protocol on one split and writes evaluations/<name>.json, .predictions.csv and
 * .embeddings.npy. Clips that the run keeps embeddings of are not embedded again (`withEmbeddingCache`). An evaluation on the test split is first noted in test-access.jsonl. Throws UsageError without labels: no accuracy is
 * ever made up.
 *
 * @example
 * ```ts
 * import { evaluate, FeatureStore, loadModel } from 'audiossl';
 * const run = 'runs/mine'; // as in the example of pretrain
 * const [store, model] = [await FeatureStore.open('features'), await loadModel(run)];
 * const { record } = await evaluate({ run, store, model, protocol: 'knn', split: 'validation' });
 * await store.close();
 * [record.clipMacroAccuracy, record.classNames]; // => [1, ['high', 'low']]
 * ```
 */
export async function evaluate(given: EvaluateOptions): Promise<EvaluationResult> {
  return withEmbeddingCache(given, (cache) => evaluateWith({ ...given, cache }));
}

async function evaluateWith(given: EvaluateOptions): Promise<EvaluationResult> {
  checkKeepProbe(given);
  const context = await prepareEvaluation(given);
  const { run, input, name, identity, seen, split } = context;
  const { options, target, seed, signal } = input;
  const facts = runFacts(given.command ?? ['audiossl.evaluate()']);
  const time = new Date().toISOString();
  const model = modelFacts(given.model);
  if (target.split === 'test') {
    const { protocol, checkpoint } = identity;
    const numClips = target.indices.length;
    await appendTestAccess(run, {
      ...{ time, command: facts.command, protocol, checkpoint, checkpointSha256: model.checkpointSha256, seed, numClips },
      evaluation: name,
    });
  }
  const result = await predictors[given.protocol](input);
  const { classNames } = split;
  const baselines = given.baselines
    ? await evaluationBaselines({ ...input, protocol: given.protocol, classNames, embeddingsDir: run.embeddings })
    : undefined;
  signal?.throwIfAborted();

  const clips = scoredClips(target, result, baselines?.predictions);
  const scoring = { classNames, bootstrapDraws: options.bootstrapDraws, seed };
  const record: EvaluationInput = {
    schemaVersion: 1,
    ...identity,
    ...model,
    time,
    options: {
      ...protocolOptions(given.protocol, context.chosenOptions),
      ...result.details,
      ...(seen.train > 0 && { seenInTraining: seen.train }),
    },
    classNames,
    ...scoresOf(clips, scoring),
    baselines: baselineRecords(clips, scoring),
    seconds: result.seconds,
    ...engineFacts(facts),
    frontEndHash: given.store.frontEndHash,
    splitSha256: split.sha256,
    notes: [...context.notes, ...result.notes, ...(baselines?.notes ?? [])],
  };
  const holdsProjections = given.protocol === 'knn' && options.compat.knn;
  await writeEvaluationFiles({ run, name, record, clips, withEmbeddings: !holdsProjections });
  const probe = given.keepProbe === undefined ? undefined : await keepProbe(given.keepProbe, { run, name, record, result });
  return { name, record, numTrainClips: input.train.indices.length, clips, ...(probe !== undefined && { probe }) };
}
