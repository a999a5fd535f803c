import { resolve } from 'node:path';
import type { FrontEnd } from '../audio/frontEnd.js';
import type { ViewsOptions } from '../augment/viewsOptions.js';
import type { Split } from '../data/clip.js';
import type { Standardisation } from '../data/clipStatistics.js';
import type { DataOptions } from '../data/dataOptions.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import { resolveSplit } from '../data/resolveSplit.js';
import { epochBatches } from '../data/samplers.js';
import type { EvaluationOptions } from '../eval/evaluationOptions.js';
import type { LossOptions } from '../loss/lossOptions.js';
import type { MethodOptions } from '../method/methodOptions.js';
import { createEncoder, type EncoderOptions } from '../nn/createEncoder.js';
import type { Encoder } from '../nn/encoder.js';
import { countTrainable, disposeParameters, type Parameters } from '../nn/parameters.js';
import type { ProjectionHeadOptions } from '../nn/projectionHead.js';
import { createOptimizer, type OptimizerOptions } from '../optim/createOptimizer.js';
import type { ScheduleOptions } from '../optim/learningRateAt.js';
import type { RankGroup } from '../parallel/RankGroup.js';
import { requireAgreement } from '../parallel/requireAgreement.js';
import { configHash, toYaml } from '../run/configText.js';
import { keepModules } from '../run/keepModules.js';
import type { EndRecord, LogRecord, MonitorRecord, StartRecord } from '../run/logRecord.js';
import { openLogWriter } from '../run/logWriter.js';
import { formatContents } from '../run/runContents.js';
import { runFacts } from '../run/runFacts.js';
import { createRun, runFolder } from '../run/runFolder.js';
import type { EventFile } from '../run/tensorBoard/openEventFile.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { sha256 } from '../util/hash.js';
import { type BackgroundSet, openBackgroundSet } from './backgroundSet.js';
import { checkClips, checkFrontEnd } from './checkClips.js';
import { byPrefix, type CheckpointFacts, writeTrainingCheckpoint } from './checkpointFile.js';
import { embedderOf } from './embedderOf.js';
import { startFrom } from './initialise.js';
import type { MonitorLook } from './monitorLook.js';
import { engineChange, resumeRun } from './resumeRun.js';
import { type EpochMeans, type EpochProgress, runEpochs } from './runEpochs.js';
import { shareRunningStatistics, shareTensors } from './shareTensors.js';
import { showViews } from './showViews.js';
import { splitIndices } from './splitIndices.js';
import { trainingRanks } from './TrainingRanks.js';
import type { TrainingMethod, ViewSource } from './trainingMethod.js';
import { initialTrainingState } from './trainingState.js';
import type { TrainOptions } from './trainOptions.js';

/** The parts of a config that training reads. */
export interface TrainingConfig {
  data: DataOptions;
  frontEnd: FrontEnd;
  views: ViewsOptions;
  encoder: EncoderOptions;
  projectionHead: ProjectionHeadOptions;
  loss: LossOptions;
  method: MethodOptions;
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
  /** Pause after this epoch; `resume` goes on. */
  untilEpoch?: number;
  /** Program and arguments, for the log. */
  command?: string[];
  /** Folder of the recordings, for the log, which says there where evaluations find the features. Default: the store. */
  dataset?: string;
  /**
   * The processes that train together, of which this is one: each calls this with the same config and features. Rank 0 alone writes and
   * reads the run's folder and calls the listeners.
   */
  group?: RankGroup;
  /** Writes event files for TensorBoard into the run's folder while it trains. */
  tensorboard?: boolean;
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
  /** What the view `backgroundMix` names; undefined without it. */
  backgroundSet: BackgroundSet | undefined;
  /** The ranks that look at the validation clips together; undefined for one process. */
  group: RankGroup | undefined;
}

/** What a command brings along: its method, what an epoch passes over, and how it looks at the validation clips. */
export interface TrainingPlan<Item, Batch> {
  /** `parameters` is everything that a checkpoint must hold of the networks. */
  method: TrainingMethod<Batch> & { parameters: Parameters };
  /** What stands on the encoder; disposed of at the end. */
  head: { name: 'projectionHead' | 'classifier'; parameters: Parameters };
  /** What else of `method.parameters` was made for the run (momentum networks, queue, probe); disposed of at the end. */
  others?: Parameters;
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
 * Several ranks share every batch; what they need of the folder they get from rank 0.
 *
 * @param who the command, for messages
 * @param select changes which clips take part and says why
 */
export async function runTraining<Item, Batch>(
  {
    store,
    config: given,
    out,
    resume = false,
    untilEpoch,
    command,
    dataset = store.dir,
    group,
    tensorboard = false,
    signal,
    ...listeners
  }: TrainingInput,
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
  const { train, seed } = given;
  const isFirst = group === undefined || group.rank === 0;
  const first = <T>(work: () => Promise<T>): Promise<T> => group?.first(work) ?? work();
  const ranks = group && trainingRanks(who, group, train.ranks, { batchSize: train.batchSize });
  const { onStart, onProgress, onMonitor }: typeof listeners = isFirst ? listeners : {};
  const facts = runFacts(command ?? [`audiossl.${who}()`]);
  checkFrontEnd(who, store.frontEnd, given.frontEnd);
  const split = resolveSplit(store.clips, data, seed);
  const { clips, notes } = select(splitIndices(store.clips, split.splitOf));
  const { patchFrames, patchHop, standardisation: axes, compat } = data;
  checkClips(who, { stored: store.clips, clips, patchFrames, batchSize: train.batchSize });
  const encoder = createEncoder(given.encoder, { nMels: store.nMels, patchFrames });
  const encoderParameters = encoder.createParameters({ seed });
  const optimizer = createOptimizer(given.optimizer);
  const made: Parameters[] = [encoderParameters];
  let backgroundSet: BackgroundSet | undefined;
  try {
    backgroundSet = await openBackgroundSet({ who, views: given.views, frontEnd: store.frontEnd, patchFrames, out, first, signal });
    const config = backgroundSet === undefined ? given : { ...given, views: backgroundSet.views };
    const start = (
      await first(async () => ({
        from: await startFrom({ who, out, resume, config, frontEnd: store.frontEnd, encoderParameters }),
      }))
    ).from;
    const standardisation = start?.standardisation ?? (await store.statistics(clips.train, { standardisation: axes, compat }));
    const {
      method,
      head,
      others,
      source,
      items,
      look,
      notes: ownNotes,
    } = plan({ clips, standardisation, encoder, encoderParameters, backgroundSet, group });
    made.push(head.parameters, ...(others === undefined ? [] : [others]));
    const contents = formatContents([...clips.train, ...clips.validation].map((clip) => store.clips[clip]));
    if (group !== undefined) {
      const { versions, precision } = facts;
      const data = { frontEndHash: store.frontEndHash, split: split.sha256, contents: sha256(contents), standardisation };
      await requireAgreement(who, group, { versions, precision, seed, config, data, resume });
    }
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
    const pace = { epochs: train.epochs, schedule: config.schedule, learningRate: config.optimizer.learningRate };
    const { hasCheckpoint, state, changedEngine } = await first(async () => {
      const { run, hasCheckpoint } = await createRun(out, { resume });
      const state = hasCheckpoint ? await resumeRun({ who, run, split, tensors, facts: checkpointFacts, pace }) : initialTrainingState();
      const changedEngine = hasCheckpoint ? await engineChange(run.log, { ...facts, ranks: group?.size ?? 1 }) : undefined;
      await writeFileAtomic(run.config, toYaml(config));
      await writeFileAtomic(run.split, split.csvText);
      await writeFileAtomic(run.contents, contents);
      await keepModules(run.modules, config);
      return { hasCheckpoint, state, changedEngine };
    });
    const run = runFolder(out);
    if (group !== undefined) await shareTensors(group, tensors);
    // With batch norm of their own ranks have running statistics of their own, and what is saved is rank 0's.
    const shareStatistics = () => {
      if (group !== undefined && train.ranks.batchNorm === 'local') shareRunningStatistics(group, method.parameters);
    };
    const log = isFirst
      ? await openLogWriter({
          path: run.log,
          resumeFrom: hasCheckpoint || resume ? { step: state.step, epochsDone: state.epoch - 1 } : undefined,
        })
      : undefined;
    let events: EventFile | undefined;
    try {
      if (isFirst && tensorboard) events = await openEvents(run.dir, toYaml(config));
      const write = (record: LogRecord) => {
        log?.append(record);
        events?.append(record);
      };
      if (isFirst && !hasCheckpoint)
        await showViews({ run, store, pool: clips.train, views: config.views, patchFrames, seed, backgroundSet });
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
        numParameters: {
          encoder: 0,
          ...Object.fromEntries([...byPrefix(method.trainable)].map(([name, its]) => [name, countTrainable(its)])),
        },
        dataNotes: [...split.notes, ...notes, ...(backgroundSet?.notes ?? []), ...(start?.notes ?? []), ...ownNotes],
        numEpochs: train.epochs,
        stepsPerEpoch: epochBatches({
          numClips: items.length,
          batchSize: train.batchSize,
          seed,
          epoch: 1,
          minLastBatch: ranks?.minBatch,
        }).length,
        ...(group && { ranks: group.size, launcher: group.launcher }),
        ...(hasCheckpoint && { resumedFromStep: state.step, changedEngine }),
      };
      write(record);
      onStart?.(record);
      const end = await runEpochs({
        method,
        optimizer,
        source,
        items,
        look:
          look &&
          ((training) => {
            shareStatistics();
            return look(training);
          }),
        save: async (isBest) => {
          if (!isFirst) return;
          const paths = isBest ? [run.bestCheckpoint, run.lastCheckpoint] : [run.lastCheckpoint];
          await writeTrainingCheckpoint(paths, tensors, checkpointFacts, state);
        },
        log: write,
        state,
        ...pace,
        options: train,
        seed,
        ranks,
        untilEpoch,
        signal,
        onProgress,
        onMonitor,
      });
      // No rank says that it is done before the last checkpoint is there.
      await first(async () => {});
      const isOver = end.reason === 'finished' || end.reason === 'earlyStopping';
      if (train.whiten !== null && isOver) {
        // Needed by few and with a library of its own: not at import.
        const { whitenRun } = await import('./whitenRun.js');
        shareStatistics();
        const embedder = embedderOf({ encoder, encoderParameters, standardisation, patchFrames, patchHop });
        await whitenRun(run, { embedder, store, clips: clips.train, shrinkage: train.whiten, group, signal });
      }
      return { dir: run.dir, end };
    } finally {
      log?.close();
      events?.close();
    }
  } finally {
    for (const parameters of made) disposeParameters(parameters);
    optimizer.dispose();
    await backgroundSet?.close();
  }
}

/** Its format's library is loaded only where it is asked for. */
async function openEvents(dir: string, configText: string): Promise<EventFile> {
  const { openEventFile } = await import('../run/tensorBoard/openEventFile.js');
  return openEventFile({ dir, configText });
}
