import type { FeatureStore } from '../data/FeatureStore.js';
import { checkModelFrontEnd, type Model } from '../model/loadModel.js';
import { writeClipEmbeddings } from '../run/clipEmbeddings.js';
import { configHash } from '../run/configText.js';
import { type BaselineRecord, type EvaluationInput, evaluationName, writeEvaluation } from '../run/evaluationRecord.js';
import { writePredictions } from '../run/predictions.js';
import { runFacts } from '../run/runFacts.js';
import { openRun, type RunFolder } from '../run/runFolder.js';
import { appendTestAccess } from '../run/testAccess.js';
import { UsageError } from '../util/errors.js';
import { chanceBaseline, logMelBaseline, patchesPerClip, randomWeightsBaseline, scoreClips } from './baselines.js';
import { clipMeans } from './embedClips.js';
import { type LabelledClips, labelledClips, readSplit } from './evaluationClips.js';
import { type EvaluationOptions, evaluationOptions } from './evaluationOptions.js';
import { wilsonInterval } from './intervals.js';
import { classificationMetrics } from './metrics.js';
import { type EmbeddingCache, type ProtocolInput, predictByLinearProbe, predictByNeighbours } from './protocols.js';

export interface EvaluateOptions {
  /** Its folder, or what `openRun` made of it. */
  run: RunFolder | string;
  /** The run's features: its front end must be the model's. */
  store: FeatureStore;
  /** From `loadModel(run.dir, { checkpoint })`; stays the caller's. */
  model: Model;
  protocol: 'knn' | 'linear';
  split: 'validation' | 'test';
  /** Of the linear classifier and the intervals. Default: the run's. */
  seed?: number;
  /** Default: those of `evaluationOptions`. */
  options?: EvaluationOptions;
  /** For the record: program and arguments. */
  command?: string[];
  /** Also chance, log-mel statistics with a ridge classifier, and the same encoder with random weights. */
  baselines?: boolean;
  /** Embeddings of this model on this store, kept for the next protocol. */
  cache?: EmbeddingCache;
  onProgress?: ProtocolInput['onProgress'];
  signal?: AbortSignal;
}

export interface EvaluationResult {
  /** The files' name in the run's `evaluations/`. */
  name: string;
  record: EvaluationInput;
}

/**
 * Evaluates one checkpoint of a run under one protocol on one split and writes evaluations/<name>.json, .predictions.csv and
 * .embeddings.npy. An evaluation on the test split is first noted in test-access.jsonl. Throws UsageError without labels: no accuracy is
 * ever made up.
 */
export async function evaluate(given: EvaluateOptions): Promise<EvaluationResult> {
  const { store, model, protocol, split, seed = seedOf(model), options = evaluationOptions.parse({}) } = given;
  const run = typeof given.run === 'string' ? await openRun(given.run) : given.run;
  const { command, versions, environment, ...engine } = runFacts(given.command ?? ['audiossl.evaluate()']);
  checkModelFrontEnd(model, store.frontEnd, `the store ${store.dir}`);
  const classNames = checkClasses(model, store);
  const { splitOf, sha256: splitSha256 } = await readSplit(run.split);
  const clipsOf = (name: 'train' | 'validation' | 'test') => labelledClips(store.clips, splitOf, name);
  const target = { ...clipsOf(split), split };
  const train = clipsOf('train');
  const needsValidation = protocol === 'linear' || given.baselines === true;
  const validation = needsValidation ? (split === 'validation' ? target : clipsOf('validation')) : undefined;
  const { name: checkpoint, sha256: checkpointSha256 } = model.checkpoint ?? { name: 'none', sha256: '' };
  const name = evaluationName({ protocol, split, checkpoint, seed });
  const time = new Date().toISOString();
  if (split === 'test') {
    const numClips = target.indices.length;
    await appendTestAccess(run, { time, command, protocol, checkpoint, checkpointSha256, seed, numClips, evaluation: name });
  }

  const { cache, onProgress, signal } = given;
  const input: ProtocolInput = {
    model,
    store,
    target,
    train,
    validation,
    numClasses: classNames.length,
    options,
    seed,
    onProgress,
    signal,
  };
  const predict = protocol === 'knn' ? predictByNeighbours : predictByLinearProbe;
  const result = await predict({ ...input, cache });
  const numPatches = patchesPerClip(result.patches.clipOfPatch, target.indices.length);
  const metrics = classificationMetrics({ labels: target.labels, ...result, numPatches }, classNames);
  const { name: _, ...scores } = scoreClips({ name, target, result, classNames, seed, bootstrapDraws: options.bootstrapDraws });
  const baselines = given.baselines ? await allBaselines({ ...input, protocol, classNames, validation: validation as LabelledClips }) : [];

  const record: EvaluationInput = {
    schemaVersion: 1,
    protocol,
    split,
    checkpoint,
    checkpointSha256,
    checkpointStep: model.metadata.step,
    checkpointEpoch: model.metadata.epoch,
    seed,
    time,
    command,
    options: { ...protocolOptions(protocol, options), ...result.details },
    classNames,
    numClips: metrics.numClips,
    numPatches: result.patches.numPatches,
    ...scores,
    intervalMethod: {
      clipMicroAccuracy: 'Wilson score interval, 95 %',
      clipMacroAccuracy: `bootstrap by group, ${options.bootstrapDraws} draws, percentiles 2.5 and 97.5`,
      perClass: 'Wilson score interval, 95 %',
    },
    perClass: metrics.perClass.map(({ label, numClips, numRight, recall }) => ({
      label,
      numClips,
      recall,
      interval: wilsonInterval(numRight, numClips),
    })),
    confusion: metrics.confusion,
    baselines,
    seconds: result.seconds,
    versions,
    backend: `${engine.backend}, ${engine.device}, ${engine.precision}, ${engine.threads} threads`,
    environment,
    frontEndHash: store.frontEndHash,
    configHash: configHash(model.metadata.config),
    splitSha256,
    notes: [...unlabelledNotes({ [split]: target, train }), ...result.notes],
  };
  const predictions = target.ids.map((id, i) => ({
    id,
    label: classNames[target.labels[i]],
    predicted: classNames[result.predicted[i]],
    probabilities: result.probabilities[i],
  }));
  await writePredictions(run, name, { classNames, predictions });
  if (!(protocol === 'knn' && options.compat.knn)) {
    await writeClipEmbeddings(run, name, { data: clipMeans(result.patches, target.indices.length), dim: result.patches.dim });
  }
  await writeEvaluation(run, record);
  return { name, record };
}

function seedOf({ metadata: { config } }: Model): number {
  return typeof config === 'object' && config !== null && 'seed' in config && typeof config.seed === 'number' ? config.seed : 0;
}

/** The classes that the model was trained beside must be the store's: labels are compared by number. */
function checkClasses(model: Model, store: FeatureStore): string[] {
  const classNames = [...store.classNames];
  if (classNames.length === 0) {
    throw new UsageError(`evaluate: accuracy needs labels, the store ${store.dir} has none; use audiossl embed on unlabelled recordings`);
  }
  const known = model.metadata.classNames;
  if (known.length > 0 && known.join('\n') !== classNames.join('\n')) {
    throw new UsageError(
      `evaluate: the run and the store must have the same classes, got ${known.join(', ')} and ${classNames.join(', ')}`,
    );
  }
  return classNames;
}

function protocolOptions(
  protocol: 'knn' | 'linear',
  { batchSize, neighbours, linear, compat }: EvaluationOptions,
): EvaluationInput['options'] {
  if (protocol === 'knn') return { neighbours, embeddingBatchSize: batchSize, compat: { knn: compat.knn } };
  return { ...linear, embeddingBatchSize: batchSize, compat: { probeTrainMode: compat.probeTrainMode } };
}

function unlabelledNotes(sets: Record<string, LabelledClips>): string[] {
  return Object.entries(sets).flatMap(([name, { numUnlabelled }]) =>
    numUnlabelled === 0 ? [] : [`${numUnlabelled} ${name} clips without a label are left out`],
  );
}

async function allBaselines(
  input: ProtocolInput & { protocol: 'knn' | 'linear'; classNames: readonly string[]; validation: LabelledClips },
): Promise<BaselineRecord[]> {
  const { classNames, options } = input;
  return [
    chanceBaseline(classNames),
    await logMelBaseline({ ...input, bootstrapDraws: options.bootstrapDraws }),
    await randomWeightsBaseline(input),
  ];
}
