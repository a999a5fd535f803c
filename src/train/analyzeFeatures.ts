import * as tf from '@tensorflow/tfjs-core';
import { type ViewsOptions, viewsOptions } from '../augment/viewsOptions.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import { readSplit } from '../eval/evaluationClips.js';
import { seedOf } from '../eval/evaluationContext.js';
import { analyseSpace, featureDefinitions, otherHistogram, type PositivePairs, positiveHistogram } from '../eval/featureAnalysis.js';
import { gradientResponses } from '../eval/gradientResponses.js';
import { checkModelFrontEnd, type Model } from '../model/loadModel.js';
import { configHash } from '../run/configText.js';
import { type FeatureAnalysisInput, featureAnalysisName, featureAnalysisRecord, writeFeatureAnalysis } from '../run/featureAnalysis.js';
import { writeFeatureAnalysisCsv } from '../run/featureAnalysisCsv.js';
import { engineFacts, runFacts } from '../run/runFacts.js';
import { openRun, type RunFolder } from '../run/runFolder.js';
import { appendTestAccess } from '../run/testAccess.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { startClock } from '../util/startClock.js';
import { createPairSource, type PairSource } from './pairSource.js';
import { splitIndices } from './splitIndices.js';

/** Pairs are drawn as in this epoch: training counts from 1, so no step of it ever saw them. */
const EPOCH = 0;

export interface AnalyzeFeaturesOptions {
  /** Its folder, or what `openRun` made of it. */
  run: RunFolder | string;
  /** The run's features: its front end must be the model's. */
  store: FeatureStore;
  /** From `loadModel(run.dir, { checkpoint })`; stays the caller's. */
  model: Model;
  split: 'validation' | 'test';
  /** Names patches and augmentations. Default: the run's seed. */
  seed?: number;
  /** Pairs embedded at once. */
  batchSize?: number;
  /** For the record: program and arguments. */
  command?: string[];
  onProgress?: (stage: string, done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Uniformity, tolerance and alignment of h and z on one split of a run, on two views a clip by the run's own pipeline and on the same two
 * random patches without augmentation; histograms of the distances; gradient responses of losses on z. The encoder is in evaluation mode, with the checkpoint's own
 * standardisation (the published values were measured with another one). Writes analysis/<name>.json (see
 * run/featureAnalysis.ts) and the charts' numbers as csv beside it; an analysis of the test split is first noted in test-access.jsonl. Memory: the embeddings of the split.
 *
 * @example
 * ```ts
 * import { analyzeFeatures, FeatureStore, loadModel } from 'audiossl';
 * const run = 'runs/mine'; // as in the example of pretrain
 * const [store, model] = [await FeatureStore.open('features'), await loadModel(run)];
 * const { record } = await analyzeFeatures({ run, store, model, split: 'validation' });
 * await store.close();
 * // Embeddings of one class are nearer to one another than to those of other classes.
 * record.sameClassCosine.h > record.otherClassCosine.h; // => true
 * ```
 */
export async function analyzeFeatures(
  given: AnalyzeFeaturesOptions,
): Promise<{ path: string; name: string; record: FeatureAnalysisInput }> {
  const { store, model, split, batchSize = 64, onProgress, signal } = given;
  const run = typeof given.run === 'string' ? await openRun(given.run) : given.run;
  const config = runConfig(model);
  const seed = given.seed ?? seedOf(model);
  const facts = engineFacts(runFacts(given.command ?? ['audiossl.analyzeFeatures()']));
  checkModelFrontEnd(model, store.frontEnd, `the store ${store.dir}`);
  const { splitOf, sha256: splitSha256 } = await readSplit(run.split);
  const clips = splitIndices(store.clips, splitOf)[split];
  checkClips(clips.length, splitOf, split);
  const { name: checkpoint, sha256: checkpointSha256 } = model.checkpoint ?? { name: 'none', sha256: '' };
  const time = new Date().toISOString();
  const named = { split, checkpoint, seed };
  if (split === 'test') {
    const evaluation = featureAnalysisName(named);
    await appendTestAccess(run, {
      ...{ time, command: facts.command, protocol: 'features', checkpoint, checkpointSha256, seed, numClips: clips.length },
      evaluation,
    });
  }

  const notes: string[] = [];
  let views = config.views;
  if (clips.length < 3 && views.some(({ name }) => name === 'mixBack')) {
    views = views.filter(({ name }) => name !== 'mixBack');
    notes.push(`mixBack is left out: it needs 3 clips, the split has ${clips.length}`);
  }
  if (views.some(({ name }) => name === 'backgroundMix')) {
    views = views.filter(({ name }) => name !== 'backgroundMix');
    notes.push('backgroundMix is left out: its recordings are of another set');
  }
  const sourceOf = (list: ViewsOptions): PairSource =>
    createPairSource({
      store,
      pool: clips,
      views: list,
      // The model standardises, but not by what it does not see: the clip.
      standardisation: { mean: [0], standardDeviation: [1], ...(model.isPerClip && { perClip: true }) },
      patchFrames: model.patchFrames,
      excludeLastStart: config.excludeLastStart,
      seed,
    });
  const clock = startClock();
  const embed = (list: ViewsOptions, stage: string) =>
    embedPairs({ model, source: sourceOf(list), clips, batchSize, signal, onProgress: (done) => onProgress?.(stage, done, clips.length) });
  const viewPairs = await embed(views, 'embedding views');
  const patchPairs = views.length === 0 ? viewPairs : await embed([], 'embedding patches');
  const embedSeconds = clock();

  const labels = clips.map((clip) => store.clips[clip].labelIndex ?? -1);
  const numLabelledClips = labels.filter((label) => label >= 0).length;
  if (numLabelledClips < clips.length) notes.push(`${clips.length - numLabelledClips} clips without a label count for no class`);
  const record: FeatureAnalysisInput = {
    schemaVersion: 1,
    kind: 'features',
    ...named,
    checkpointSha256,
    checkpointStep: model.metadata.step,
    checkpointEpoch: model.metadata.epoch,
    time,
    loss: config.loss,
    views: views.map(({ name }) => name),
    notes,
    numClips: clips.length,
    numLabelledClips,
    numPositivePairs: clips.length,
    classNames: [...store.classNames],
    embeddingSize: { h: viewPairs.h.dim, z: viewPairs.z?.dim ?? null },
    ...(await analysePairs(viewPairs, labels)),
    patches: await analysePairs(patchPairs, labels),
    histograms: {
      views: both(viewPairs, positiveHistogram),
      patches: both(patchPairs, positiveHistogram),
      otherClips: both(viewPairs, (pairs) => otherHistogram(pairs, seed)),
    },
    ...(viewPairs.z && { gradients: gradientResponses(viewPairs.z, { temperature: temperatureOf(config.loss) }) }),
    definitions: { ...featureDefinitions },
    seconds: { embed: embedSeconds, analyse: clock() },
    ...facts,
    frontEndHash: store.frontEndHash,
    configHash: configHash(model.metadata.config),
    splitSha256,
  };
  const path = await writeFeatureAnalysis(run, record);
  await writeFeatureAnalysisCsv(path, record);
  return { path, name: featureAnalysisName(named), record };
}

/** The run's own temperature, where its loss has one; else that of NT-Xent's defaults. */
function temperatureOf({ temperature }: FeatureAnalysisInput['loss']): number {
  return typeof temperature === 'number' ? Math.max(temperature, 0.001) : 0.2;
}

/** Pairs in both spaces; z is null without a projection head. */
interface SpacePairs {
  h: PositivePairs;
  z: PositivePairs | null;
}

function both<T>({ h, z }: SpacePairs, of: (pairs: PositivePairs) => T): { h: T; z: T | null } {
  return { h: of(h), z: z && of(z) };
}

async function analysePairs(pairs: SpacePairs, labels: readonly number[]) {
  const h = await analyseSpace(pairs.h, labels);
  const z = pairs.z && (await analyseSpace(pairs.z, labels));
  const needed = <K extends keyof typeof h>(key: K) => ({ h: h[key] as number, z: z && (z[key] as number) });
  const optional = (key: 'tolerance' | 'sameClassCosine' | 'otherClassCosine') => (h[key] === null ? null : needed(key));
  return {
    uniformity: needed('uniformity'),
    tolerance: optional('tolerance'),
    alignment: needed('alignment'),
    sameClassCosine: optional('sameClassCosine'),
    otherClassCosine: optional('otherClassCosine'),
  };
}

/** Embeds both rows of every pair, a batch at a time, reading one batch ahead. */
async function embedPairs({
  model,
  source,
  clips,
  batchSize,
  onProgress,
  signal,
}: {
  model: Model;
  source: PairSource;
  clips: readonly number[];
  batchSize: number;
  onProgress: (done: number) => void;
  signal?: AbortSignal;
}): Promise<SpacePairs> {
  const n = clips.length;
  const collected: { h?: PositivePairs; z?: PositivePairs } = {};
  const put = (space: 'h' | 'z', values: Float32Array, first: number, count: number): void => {
    const broken = values.findIndex((value) => !Number.isFinite(value));
    if (broken >= 0)
      throw new AudiosslError(`analyze: ${space} must be finite, got ${values[broken]}; the weights of the checkpoint are broken`);
    const dim = values.length / (2 * count);
    collected[space] ??= { first: new Float32Array(n * dim), second: new Float32Array(n * dim), dim };
    collected[space].first.set(values.subarray(0, count * dim), first * dim);
    collected[space].second.set(values.subarray(count * dim), first * dim);
  };
  const read = (first: number) => source.read(clips.slice(first, first + batchSize), EPOCH);
  let next = read(0);
  for (let first = 0; first < n; first += batchSize) {
    signal?.throwIfAborted();
    const batch = await next;
    const count = Math.min(batchSize, n - first);
    if (first + batchSize < n) {
      next = read(first + batchSize);
      // An error below must not leave the reading ahead as an unhandled rejection.
      next.catch(() => {});
    }
    const tensors = tf.tidy(() => {
      const h = model.embedPatches(source.toViews(batch));
      return model.project ? [h, model.project(h)] : [h];
    });
    try {
      put('h', await tensors[0].data<'float32'>(), first, count);
      if (tensors[1]) put('z', await tensors[1].data<'float32'>(), first, count);
    } finally {
      tf.dispose(tensors);
    }
    onProgress(first + count);
    await new Promise(setImmediate);
  }
  return { h: collected.h as PositivePairs, z: collected.z ?? null };
}

function checkClips(numFound: number, splitOf: ReadonlyMap<string, string>, split: string): void {
  const wanted = [...splitOf.values()].filter((name) => name === split).length;
  if (wanted < 2) throw new UsageError(`analyze: the ${split} split must have at least 2 clips, the run's split.csv has ${wanted}`);
  if (numFound < wanted) {
    throw new UsageError(
      `analyze: the store lacks ${wanted - numFound} of the ${wanted} ${split} clips of the run's split.csv; pass the run's own store with --features`,
    );
  }
}

/** What an analysis takes from the config that travels inside the checkpoint. */
function runConfig(model: Model): {
  views: ViewsOptions;
  loss: FeatureAnalysisInput['loss'];
  excludeLastStart: boolean;
} {
  const config = asRecord(model.metadata.config);
  const views = viewsOptions.safeParse(config.views ?? []);
  const loss = featureAnalysisRecord.shape.loss.safeParse(config.loss ?? {});
  if (!views.success || !loss.success) {
    throw new AudiosslError(
      `analyze: ${model.checkpoint?.path ?? 'the model'}: the config inside has views or a loss that this version does not know`,
    );
  }
  return {
    views: views.data,
    loss: loss.data,
    excludeLastStart: asRecord(asRecord(config.data).compat).excludeLastStart === true,
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
