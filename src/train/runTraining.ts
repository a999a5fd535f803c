import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describeFrontEndDifference, type FrontEnd } from '../audio/frontEnd.js';
import type { ViewsOptions } from '../augment/viewsOptions.js';
import type { Split } from '../data/clip.js';
import type { Standardisation } from '../data/clipStatistics.js';
import type { DataOptions } from '../data/dataOptions.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import { type ResolvedSplit, resolveSplit } from '../data/resolveSplit.js';
import { epochBatches } from '../data/samplers.js';
import type { EvaluationOptions } from '../eval/evaluationOptions.js';
import type { LossOptions } from '../loss/lossOptions.js';
import { createEncoder, type EncoderOptions } from '../nn/createEncoder.js';
import type { Encoder } from '../nn/encoder.js';
import { countTrainable, disposeParameters, type Parameters } from '../nn/parameters.js';
import type { ProjectionHeadOptions } from '../nn/projectionHead.js';
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
import { startFrom } from './initialise.js';
import type { MonitorLook } from './monitorLook.js';
import { type EpochMeans, type EpochProgress, runEpochs } from './runEpochs.js';
import { showViews } from './showViews.js';
import { splitIndices } from './splitIndices.js';
import type { TrainingMethod, ViewSource } from './trainingMethod.js';
import { initialTrainingState, type TrainingState } from './trainingState.js';
import type { TrainOptions } from './trainOptions.js';

/** The parts of a config that training reads. */
export interface TrainingConfig {
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

export interface TrainingResult {
  /** The run's folder. */
  dir: string;
  end: EndRecord;
}

/** What every training command is given. */
export interface TrainingInput {
  store: FeatureStore;
  config: TrainingConfig;
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
}

/** What a command's own part is made from. */
export interface TrainingContext {
  /** Store indices of each split. */
  clips: Record<Split, number[]>;
  standardisation: Standardisation;
  encoder: Encoder;
  encoderParameters: Parameters;
}

/** What a command brings along: its method, what an epoch passes over, and how it looks at the validation clips. */
export interface TrainingPlan<Item, Batch> {
  /** `parameters` is everything that a checkpoint must hold of the networks. */
  method: TrainingMethod<Batch> & { parameters: Parameters };
  /** What stands on the encoder; disposed of at the end. */
  head: { name: 'projectionHead' | 'classifier'; parameters: Parameters };
  source: ViewSource<Item, Batch>;
  items: readonly Item[];
  look?: (training: EpochMeans) => Promise<MonitorLook>;
  /** What the reader must know about the data. */
  notes: string[];
}

/**
 * A training run from a feature store to a run folder (config.yaml, split.csv, log.jsonl, checkpoints), the same for every command: checks,
 * split, statistics, networks, resume, loop. What differs is the command's `plan`. Nothing is written before all checks are passed.
 *
 * @param who the command, for messages
 * @param select changes which clips take part and says why
 */
export async function runTraining<Item, Batch>(
  { store, config, out, resume = false, command, dataset = store.dir, signal, onStart, onProgress, onMonitor }: TrainingInput,
  {
    who,
    data,
    select = (clips) => ({ clips, notes: [] }),
    plan,
  }: {
    who: 'pretrain' | 'train';
    /** `config.data`, with what `auto` means for the command. */
    data: DataOptions;
    select?: (clips: Record<Split, number[]>) => { clips: Record<Split, number[]>; notes: string[] };
    plan: (context: TrainingContext) => TrainingPlan<Item, Batch>;
  },
): Promise<TrainingResult> {
  const { train, seed } = config;
  const facts = runFacts(command ?? [`audiossl.${who}()`]);
  checkFrontEnd(who, store.frontEnd, config.frontEnd);
  const split = resolveSplit(store.clips, data, seed);
  const { clips, notes } = select(splitIndices(store.clips, split.splitOf));
  checkClips(who, store, clips, config);
  const { patchFrames, patchHop, standardisation: axes, compat } = data;
  const encoder = createEncoder(config.encoder, { nMels: store.nMels, patchFrames });
  const encoderParameters = encoder.createParameters({ seed });
  const optimizer = createOptimizer(config.optimizer);
  let headParameters: Parameters | undefined;
  try {
    const start = await startFrom({ who, out, resume, config, frontEnd: store.frontEnd, encoderParameters });
    const standardisation = start?.standardisation ?? (await store.statistics(clips.train, { standardisation: axes, compat }));
    const { method, head, source, items, look, notes: ownNotes } = plan({ clips, standardisation, encoder, encoderParameters });
    headParameters = head.parameters;
    const { run, hasCheckpoint } = await createRun(out, { resume });
    if (hasCheckpoint) await checkSameSplit(who, run.split, split);
    const tensors = { parameters: method.parameters, optimizer };
    const checkpointFacts: CheckpointFacts = {
      encoder: config.encoder,
      projectionHead: head.name === 'projectionHead' ? config.projectionHead : null,
      frontEnd: { ...store.frontEnd },
      patchFrames,
      patchHop,
      standardisation,
      classNames: [...store.classNames],
      config,
      versions: facts.versions,
    };
    const state = hasCheckpoint ? await readTrainingCheckpoint(run.lastCheckpoint, tensors, checkpointFacts) : initialTrainingState();
    checkLength(who, state, train);
    const changedEngine = hasCheckpoint ? await engineChange(run.log, facts) : undefined;
    await writeFileAtomic(run.config, toYaml(config));
    await writeFileAtomic(run.split, split.csvText);
    const log = await openLogWriter({
      path: run.log,
      resumeFrom: hasCheckpoint || resume ? { step: state.step, epochsDone: state.epoch - 1 } : undefined,
    });
    try {
      if (!hasCheckpoint) await showViews({ run, store, pool: clips.train, views: config.views, patchFrames, seed });
      const record: StartRecord = {
        kind: 'start',
        ...facts,
        configHash: configHash(config),
        dataset: resolve(dataset),
        seed,
        frontEndHash: store.frontEndHash,
        splitSha256: split.sha256,
        classNames: [...store.classNames],
        numClips: { train: clips.train.length, validation: clips.validation.length, test: clips.test.length },
        numParameters: { encoder: countTrainable(encoderParameters), [head.name]: countTrainable(head.parameters) },
        dataNotes: [...split.notes, ...notes, ...(start?.notes ?? []), ...ownNotes],
        numEpochs: train.epochs,
        stepsPerEpoch: epochBatches({ numClips: items.length, batchSize: train.batchSize, seed, epoch: 1 }).length,
        ...(hasCheckpoint && { resumedFromStep: state.step, changedEngine }),
      };
      log.append(record);
      onStart?.(record);
      const end = await runEpochs({
        method,
        optimizer,
        source,
        items,
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
    if (headParameters !== undefined) disposeParameters(headParameters);
    optimizer.dispose();
  }
}

function checkLength(who: string, { epoch }: TrainingState, { epochs }: TrainOptions): void {
  if (epoch - 1 <= epochs) return;
  throw new UsageError(`${who}: train.epochs must be at least the ${epoch - 1} epochs that the run has behind it, got ${epochs}`);
}

/** What computes now and what did before, where they differ: a resume is bit-identical on the same engine only. */
async function engineChange(logFile: string, now: RunFacts): Promise<string | undefined> {
  const engine = ({ backend, device, precision, threads }: Pick<StartRecord, 'backend' | 'device' | 'precision' | 'threads'>) =>
    `${backend} ${device} ${precision} ${threads} threads`;
  const before = (await readLog(logFile)).starts.at(-1);
  if (before === undefined || engine(before) === engine(now)) return undefined;
  return `resumed on ${engine(now)}, before it was ${engine(before)}: from here on not bit-identical to an undisturbed run`;
}

function checkFrontEnd(who: string, ofStore: FrontEnd, ofConfig: FrontEnd): void {
  const difference = describeFrontEndDifference(ofStore, ofConfig);
  if (difference === undefined) return;
  throw new UsageError(
    `${who}: the features must be made with the config's front end, they differ (features / config): ${difference}; make them again with audiossl features or set frontEnd`,
  );
}

function checkClips(
  who: string,
  store: FeatureStore,
  clips: Record<Split, number[]>,
  { data: { patchFrames }, train: { batchSize } }: TrainingConfig,
): void {
  if (clips.train.length < 8)
    throw new UsageError(
      `${who}: at least 8 training clips are needed, got ${clips.train.length}; the loss compares each clip with others`,
    );
  if (batchSize < 2) throw new UsageError(`${who}: train.batchSize must be 2 or more, got ${batchSize}`);
  for (const index of [...clips.train, ...clips.validation]) {
    const { id, numFrames } = store.clips[index];
    if (numFrames < patchFrames) {
      throw new UsageError(
        `${who}: every clip needs data.patchFrames = ${patchFrames} frames, ${id} has ${numFrames}; raise frontEnd.minSeconds or lower data.patchFrames`,
      );
    }
  }
}

/** A resumed run must see the clips it has seen before. */
async function checkSameSplit(who: string, path: string, split: ResolvedSplit): Promise<void> {
  if (sha256(await readFile(path)) === split.sha256) return;
  throw new UsageError(
    `${who}: --resume needs the clips the run was started with, ${path} has others; give the same --data or --features, --seed and data settings, or start a new run`,
  );
}
