import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { describeFrontEndDifference, type FrontEnd } from '../audio/frontEnd.js';
import type { ViewsOptions } from '../augment/viewsOptions.js';
import type { Split } from '../data/clip.js';
import type { Standardisation } from '../data/clipStatistics.js';
import type { DataOptions } from '../data/dataOptions.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import { type ResolvedSplit, resolveSplit } from '../data/resolveSplit.js';
import { epochBatches } from '../data/samplers.js';
import type { PatchEmbedder } from '../eval/embedClips.js';
import type { EvaluationOptions } from '../eval/evaluationOptions.js';
import type { LossOptions } from '../loss/lossOptions.js';
import { simclr } from '../method/simclr.js';
import { standardise } from '../model/standardise.js';
import { createEncoder, type EncoderOptions } from '../nn/createEncoder.js';
import type { Encoder } from '../nn/encoder.js';
import { countTrainable, disposeParameters, type Parameters } from '../nn/parameters.js';
import { type ProjectionHeadOptions, projectionHead } from '../nn/projectionHead.js';
import { createOptimizer, type OptimizerOptions } from '../optim/createOptimizer.js';
import type { ScheduleOptions } from '../optim/learningRateAt.js';
import { configHash, toYaml } from '../run/configText.js';
import type { EndRecord, MonitorRecord, StartRecord } from '../run/logRecord.js';
import { openLogWriter } from '../run/logWriter.js';
import { readLog } from '../run/readLog.js';
import { type RunFacts, runFacts } from '../run/runFacts.js';
import { createRun } from '../run/runFolder.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { type CheckpointFacts, readTrainingCheckpoint, writeTrainingCheckpoint } from './checkpointFile.js';
import { createMonitor, type MonitorLabels } from './monitor.js';
import { createPairSource, type PairSource } from './pairSource.js';
import { type EpochProgress, runEpochs } from './runEpochs.js';
import { showViews } from './showViews.js';
import { splitIndices } from './splitIndices.js';
import { initialTrainingState, type TrainingState } from './trainingState.js';
import type { TrainOptions } from './trainOptions.js';

/** The parts of a config that pre-training reads. */
export interface PretrainConfig {
  data: DataOptions;
  frontEnd: FrontEnd;
  views: ViewsOptions;
  encoder: EncoderOptions;
  projectionHead: ProjectionHeadOptions;
  loss: LossOptions;
  optimizer: OptimizerOptions;
  schedule: ScheduleOptions;
  train: TrainOptions;
  evaluation: EvaluationOptions;
  seed: number;
}

export interface PretrainResult {
  /** The run's folder. */
  dir: string;
  end: EndRecord;
}

/**
 * Pre-trains an encoder without labels on a feature store and writes the run folder: config.yaml, split.csv, log.jsonl, checkpoints.
 * Labels, where there are some, are read to draw the split and by the monitor, and those of the test split by nobody.
 * With `resume` it goes on from the last checkpoint, bit-identically on the same backend, device and threads.
 */
export async function pretrain({
  store,
  config,
  out,
  resume = false,
  command = ['audiossl.pretrain()'],
  dataset = store.dir,
  signal,
  onStart,
  onProgress,
  onMonitor,
}: {
  store: FeatureStore;
  config: PretrainConfig;
  /** Folder of the run: new or empty, or with `resume` one to go on with. */
  out: string;
  resume?: boolean;
  /** Program and arguments, for the log. */
  command?: string[];
  /** Folder of the recordings, for the log, which says there where evaluations find the features. Default: the store. */
  dataset?: string;
  signal?: AbortSignal;
  onStart?: (record: StartRecord) => void;
  onProgress?: (progress: EpochProgress) => void;
  onMonitor?: (record: MonitorRecord) => void;
}): Promise<PretrainResult> {
  const { data, train, seed } = config;
  const facts = runFacts(command);
  checkFrontEnd(store.frontEnd, config.frontEnd);
  const split = resolveSplit(store.clips, data, seed);
  const clips = splitIndices(store.clips, split.splitOf);
  checkClips(store, clips, config);
  const { run, hasCheckpoint } = await createRun(out, { resume });
  if (hasCheckpoint) await checkSameSplit(run.split, split);

  const { patchFrames, patchHop, standardisation: axes, compat } = data;
  const standardisation = await store.statistics(clips.train, { standardisation: axes, compat });
  const encoder = createEncoder(config.encoder, { nMels: store.nMels });
  const encoderParameters = encoder.createParameters({ seed });
  const head = projectionHead({ inputSize: encoder.embeddingSize, ...config.projectionHead });
  const headParameters = head.createParameters({ seed });
  const optimizer = createOptimizer(config.optimizer);
  try {
    const method = simclr({ encoder, encoderParameters, head, headParameters, loss: config.loss });
    const tensors = { parameters: method.parameters, optimizer };
    const checkpointFacts: CheckpointFacts = {
      encoder: config.encoder,
      projectionHead: config.projectionHead,
      frontEnd: { ...store.frontEnd },
      patchFrames,
      patchHop,
      standardisation,
      classNames: [...store.classNames],
      config,
      versions: facts.versions,
    };
    const state = hasCheckpoint ? await readTrainingCheckpoint(run.lastCheckpoint, tensors, checkpointFacts) : initialTrainingState();
    checkLength(state, train);
    const changedEngine = hasCheckpoint ? await engineChange(run.log, facts) : undefined;
    await writeFileAtomic(run.config, toYaml(config));
    await writeFileAtomic(run.split, split.csvText);
    const log = await openLogWriter({
      path: run.log,
      resumeFrom: hasCheckpoint || resume ? { step: state.step, epochsDone: state.epoch - 1 } : undefined,
    });
    try {
      const sourceOf = (pool: readonly number[], views: ViewsOptions): PairSource =>
        createPairSource({ store, pool, views, standardisation, patchFrames, excludeLastStart: compat.excludeLastStart, seed });
      if (!hasCheckpoint) await showViews({ run, store, pool: clips.train, views: config.views, patchFrames, seed });
      const stepsPerEpoch = epochBatches({ numClips: clips.train.length, batchSize: train.batchSize, seed, epoch: 1 }).length;
      const start: StartRecord = {
        kind: 'start',
        ...facts,
        configHash: configHash(config),
        dataset: resolve(dataset),
        seed,
        frontEndHash: store.frontEndHash,
        splitSha256: split.sha256,
        classNames: [...store.classNames],
        numClips: { train: clips.train.length, validation: clips.validation.length, test: clips.test.length },
        numParameters: { encoder: countTrainable(encoderParameters), projectionHead: countTrainable(headParameters) },
        dataNotes: [...split.notes, ...unlabelledNotes(store, clips.validation)],
        numEpochs: train.epochs,
        stepsPerEpoch,
        ...(hasCheckpoint && { resumedFromStep: state.step, changedEngine }),
      };
      log.append(start);
      onStart?.(start);
      // Mix-back takes a clip's backgrounds from its own split; with too few validation clips their fixed views go without.
      const validationViews = clips.validation.length >= 3 ? config.views : config.views.filter(({ name }) => name !== 'mixBack');
      const look =
        clips.validation.length === 0
          ? undefined
          : createMonitor({
              method,
              embedder: trainingEmbedder({ encoder, encoderParameters, standardisation, patchFrames, patchHop }),
              store,
              clips: clips.validation,
              labelled: labelsOf(store, clips.validation),
              source: sourceOf(clips.validation, validationViews),
              batchSize: train.batchSize,
              neighbours: config.evaluation.neighbours,
            });
      const end = await runEpochs({
        method,
        optimizer,
        source: sourceOf(clips.train, config.views),
        clips: clips.train,
        look,
        save: (isBest) =>
          writeTrainingCheckpoint(
            isBest ? [run.bestCheckpoint, run.lastCheckpoint] : [run.lastCheckpoint],
            tensors,
            checkpointFacts,
            state,
          ),
        log: (record) => log.append(record),
        state,
        schedule: config.schedule,
        learningRate: config.optimizer.learningRate,
        options: train,
        seed,
        signal,
        onProgress,
        onMonitor,
      });
      return { dir: run.dir, end };
    } finally {
      log.close();
    }
  } finally {
    disposeParameters(encoderParameters);
    disposeParameters(headParameters);
    optimizer.dispose();
  }
}

/** The encoder under training as the evaluation code wants it: raw log-mel in, h out, evaluation mode. */
function trainingEmbedder({
  encoder,
  encoderParameters,
  standardisation,
  patchFrames,
  patchHop,
}: {
  encoder: Encoder;
  encoderParameters: Parameters;
  standardisation: Standardisation;
  patchFrames: number;
  patchHop: number;
}): PatchEmbedder {
  return {
    patchFrames,
    patchHop,
    embedPatches: (patches) =>
      tf.tidy(() => encoder.forward(encoderParameters, standardise(patches, standardisation), { isTraining: false })),
  };
}

function labelsOf(store: FeatureStore, clips: readonly number[]): MonitorLabels | undefined {
  const labels = clips.map((clip) => store.clips[clip].labelIndex);
  return labels.every((label) => label !== undefined) ? { labels, classNames: store.classNames } : undefined;
}

/** Some labels are not enough: an accuracy of some of the clips would say nothing of the others. */
function unlabelledNotes(store: FeatureStore, clips: readonly number[]): string[] {
  const numUnlabelled = clips.filter((clip) => store.clips[clip].labelIndex === undefined).length;
  if (numUnlabelled === 0 || numUnlabelled === clips.length) return [];
  return [`${numUnlabelled} of ${clips.length} validation clips have no label, so the validation loss chooses the best checkpoint`];
}

function checkLength({ epoch }: TrainingState, { epochs }: TrainOptions): void {
  if (epoch - 1 <= epochs) return;
  throw new UsageError(`pretrain: train.epochs must be at least the ${epoch - 1} epochs that the run has behind it, got ${epochs}`);
}

/** What computes now and what did before, where they differ: a resume is bit-identical on the same engine only. */
async function engineChange(logFile: string, now: RunFacts): Promise<string | undefined> {
  const engine = ({ backend, device, precision, threads }: Pick<StartRecord, 'backend' | 'device' | 'precision' | 'threads'>) =>
    `${backend} ${device} ${precision} ${threads} threads`;
  const before = (await readLog(logFile)).starts.at(-1);
  if (before === undefined || engine(before) === engine(now)) return undefined;
  return `resumed on ${engine(now)}, before it was ${engine(before)}: from here on not bit-identical to an undisturbed run`;
}

function checkFrontEnd(ofStore: FrontEnd, ofConfig: FrontEnd): void {
  const difference = describeFrontEndDifference(ofStore, ofConfig);
  if (difference === undefined) return;
  throw new UsageError(
    `pretrain: the features must be made with the config's front end, they differ (features / config): ${difference}; make them again with audiossl features or set frontEnd`,
  );
}

function checkClips(
  store: FeatureStore,
  clips: Record<Split, number[]>,
  { data: { patchFrames }, train: { batchSize } }: PretrainConfig,
): void {
  if (clips.train.length < 8)
    throw new UsageError(
      `pretrain: at least 8 training clips are needed, got ${clips.train.length}; the loss compares each clip with others`,
    );
  if (batchSize < 2) throw new UsageError(`pretrain: train.batchSize must be 2 or more, got ${batchSize}`);
  for (const index of [...clips.train, ...clips.validation]) {
    const { id, numFrames } = store.clips[index];
    if (numFrames < patchFrames) {
      throw new UsageError(
        `pretrain: every clip needs data.patchFrames = ${patchFrames} frames, ${id} has ${numFrames}; raise frontEnd.minSeconds or lower data.patchFrames`,
      );
    }
  }
}

/** A resumed run must see the clips it has seen before. */
async function checkSameSplit(path: string, split: ResolvedSplit): Promise<void> {
  if (sha256(await readFile(path)) === split.sha256) return;
  throw new UsageError(
    `pretrain: --resume needs the clips the run was started with, ${path} has others; give the same --data or --features, --seed and data settings, or start a new run`,
  );
}
