import * as tf from '@tensorflow/tfjs-core';
import { epochBatches } from '../data/samplers.js';
import type { DropoutKey } from '../ops/dropout.js';
import { learningRateAt, type ScheduleOptions } from '../optim/learningRateAt.js';
import type { Optimizer } from '../optim/optimizer.js';
import { afterLook } from '../optim/plateau.js';
import type { BatchSpread } from '../parallel/BatchSpread.js';
import type { EndRecord, LogRecord, MonitorRecord } from '../run/logRecord.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { startClock } from '../util/startClock.js';
import { isBetterLook, type MonitorLook } from './monitorLook.js';
import type { TrainingRanks } from './TrainingRanks.js';
import type { StepReport, TrainingMethod, ViewSource } from './trainingMethod.js';
import { addBatch, meanLosses, startNextEpoch, type TrainingState } from './trainingState.js';
import type { TrainOptions } from './trainOptions.js';

/** Where the time of a step goes, in seconds. */
export interface StepSeconds {
  /** Waiting for patches from the disk. */
  reading: number;
  /** Mix-back, augmentation, standardisation. */
  views: number;
  /** Forward and backward pass. */
  gradients: number;
  /** Optimiser. */
  update: number;
  /** Their sum: from waiting for patches to the new weights. Logging and checkpoints come after it. */
  total: number;
}

export interface EpochProgress {
  epoch: number;
  epochs: number;
  /** Batches of this epoch that are done, and all of them. */
  batch: number;
  numBatches: number;
  loss: number;
  patchesPerSecond: number;
  seconds: StepSeconds;
}

/** What a look at the validation clips is told about the epoch before it. */
export interface EpochMeans {
  losses: Record<string, number>;
  /** Items of a whole batch. */
  batchItems: number;
  /** Updates done since the run began. */
  step: number;
}

/**
 * The training loop, whatever the method: reads a batch ahead, makes views, takes a step, logs it, and gives the event loop a turn after every step.
 * At the end of an epoch it looks at the validation clips and saves. It stops at the last epoch, by early stopping, or after the step
 * under way when `signal` is aborted, having saved in each case. Throws AudiosslError, with nothing saved, when the loss or a look at the
 * validation clips is not finite: weights or running statistics are then beyond repair. `state` is where it starts and is kept current.
 */
export async function runEpochs<Item, Batch>({
  method,
  optimizer,
  source,
  items,
  look,
  save,
  log,
  state,
  schedule,
  learningRate: baseLearningRate,
  options: { epochs, batchSize, checkpointSeconds, monitorEveryEpochs, earlyStopping },
  seed,
  ranks,
  untilEpoch,
  signal,
  onProgress,
  onMonitor,
}: {
  method: TrainingMethod<Batch>;
  optimizer: Optimizer;
  source: ViewSource<Item, Batch>;
  /** What an epoch passes over: the training clips (store indices), or patches of them. */
  items: readonly Item[];
  /** Looks at the validation clips, all ranks together; undefined where there are none. */
  look?: (training: EpochMeans) => Promise<MonitorLook>;
  /** Writes the last checkpoint, and the best one as well when told so. */
  save: (isBest: boolean) => Promise<void>;
  log: (record: LogRecord) => void;
  state: TrainingState;
  schedule: ScheduleOptions;
  learningRate: number;
  options: Pick<TrainOptions, 'epochs' | 'batchSize' | 'checkpointSeconds' | 'monitorEveryEpochs' | 'earlyStopping'>;
  seed: number;
  /** The others, where this process is one of several that share every batch. Each calls this; `save` and `log` are rank 0's. */
  ranks?: TrainingRanks;
  /** Pause after this epoch, with a look that gives a best checkpoint where there is none yet; a resume goes on as if nothing had been. */
  untilEpoch?: number;
  signal?: AbortSignal;
  onProgress?: (progress: EpochProgress) => void;
  onMonitor?: (record: MonitorRecord) => void;
}): Promise<EndRecord> {
  if (schedule.name === 'plateau' && look === undefined && epochs > 0) throw needsValidationLoss();
  const rateAt = (epochsDone: number): number =>
    learningRateAt(schedule, { base: baseLearningRate, epoch: epochsDone, epochs, plateauShare: state.plateau.share });
  let lastSave = performance.now();
  const end = (reason: EndRecord['reason']): EndRecord => {
    const record: EndRecord = {
      kind: 'end',
      reason,
      step: state.step,
      epoch: state.batch > 0 ? state.epoch : state.epoch - 1,
      bestStep: state.best?.step,
      bestEpoch: state.best?.epoch,
      bestValue: state.best?.value,
      seconds: round(state.seconds, 3),
      peakMebibytes: Math.round(process.resourceUsage().maxRSS / 1024),
    };
    log(record);
    return record;
  };
  const saveNow = async (isBest: boolean) => {
    await save(isBest);
    lastSave = performance.now();
  };

  // A run of no epochs is its initial weights, which evaluations find where those of any run are.
  if (epochs === 0) await saveNow(true);
  const hasLostPatience = () => earlyStopping !== null && state.looksSinceBest >= earlyStopping.patience;
  while (state.epoch <= epochs) {
    if (hasLostPatience()) return end('earlyStopping');
    if (untilEpoch !== undefined && state.epoch > untilEpoch) return end('paused');
    const { epoch } = state;
    const batches = epochBatches({ numClips: items.length, batchSize, seed, epoch, minLastBatch: ranks?.minBatch });
    const read = (batch: number) => {
      const reading = source.read(
        (ranks?.shareOf(batches[batch]) ?? Array.from(batches[batch])).map((i) => items[i]),
        epoch,
      );
      // Awaited one step later: until then an error must not count as unhandled.
      reading.catch(() => {});
      return reading;
    };
    let next = state.batch < batches.length ? read(state.batch) : undefined;
    while (next !== undefined) {
      const clock = startClock();
      const data = await next;
      const numItems = batches[state.batch].length;
      next = state.batch + 1 < batches.length ? read(state.batch + 1) : undefined;
      const reading = clock();

      const views = source.toViews(data);
      const augmenting = clock();
      const step = (dropout: DropoutKey, spread?: BatchSpread) => stepAndDispose(method, views, data, dropout, spread);
      const dropout = { seed, step: state.step };
      const isStopWanted = signal?.aborted ?? false;
      const { gradients, losses, counts, isStopped, waits } =
        ranks === undefined ? { ...step(dropout), isStopped: false, waits: undefined } : ranks.step(numItems, dropout, isStopWanted, step);
      const computing = clock();
      const learningRate = rateAt(epoch - 1 + state.batch / batches.length);
      try {
        if (!Number.isFinite(losses.loss)) throw divergence(state.step + 1, 'the loss', losses.loss, learningRate);
        optimizer.step(method.trainable, gradients, learningRate);
        method.afterUpdate?.((epoch - 1 + (state.batch + 1) / batches.length) / epochs);
      } finally {
        tf.dispose([...gradients.values()]);
      }
      const updating = clock();

      state.step++;
      state.batch++;
      addBatch(state, { numItems, losses, counts });
      const total = reading + augmenting + computing + updating;
      state.sums.seconds += total;
      state.seconds += total;
      const patchesPerSecond = round((source.viewsPerItem * numItems) / total, 2);
      const waiting = waits && { ranksWaitedSeconds: round(waits.statistics + waits.rows + waits.sums, 4) };
      log({ kind: 'step', step: state.step, epoch, ...losses, ...counts, learningRate, patchesPerSecond, ...waiting });
      onProgress?.({
        epoch,
        epochs,
        batch: state.batch,
        numBatches: batches.length,
        loss: losses.loss,
        patchesPerSecond,
        seconds: { reading, views: augmenting, gradients: computing, update: updating, total },
      });
      await new Promise(setImmediate);
      // Of several ranks all stop after the same step: the one after which each knew that one of them was told to.
      if (ranks === undefined ? signal?.aborted : isStopped) {
        await next?.catch(() => {});
        await saveNow(false);
        return end('interrupted');
      }
      if (performance.now() - lastSave > checkpointSeconds * 1000) await saveNow(false);
    }

    const { sums } = state;
    const losses = meanLosses(state);
    log({
      kind: 'epoch',
      step: state.step,
      epoch,
      loss: losses.loss,
      ...losses,
      ...sums.counts,
      patchesPerSecond: round((source.viewsPerItem * sums.numItems) / sums.seconds, 2),
      seconds: round(sums.seconds, 3),
    });
    let isBest = false;
    const isPlanned = epoch % monitorEveryEpochs === 0 || epoch === epochs;
    if (look !== undefined && (isPlanned || epoch === untilEpoch)) {
      const batchItems = ranks?.seenOf(Math.min(batchSize, items.length)) ?? Math.min(batchSize, items.length);
      const training = { losses, batchItems, step: state.step };
      const { value, selectedBy, tieBreak, values, collapse, seconds } = await look(training);
      state.monitor = values;
      // A look for the sake of a pause must change nothing of what comes after it: it gives a best checkpoint until there is another.
      const isBestOfPause = state.best === null || state.best.isOfPause === true;
      const rival = isPlanned && isBestOfPause ? null : state.best;
      isBest = (isPlanned || isBestOfPause) && isBetterLook({ value, tieBreak }, rival);
      if (isBest && value !== null) state.best = { value, tieBreak, step: state.step, epoch, ...(!isPlanned && { isOfPause: true }) };
      // A look without a score, for want of clips, says nothing of patience.
      if (isPlanned && value !== null) state.looksSinceBest = isBest ? 0 : state.looksSinceBest + 1;
      const record: MonitorRecord = {
        kind: 'monitor',
        step: state.step,
        epoch,
        ...values,
        selectedBy,
        collapse,
        isBest,
        seconds: round(seconds, 3),
      };
      log(record);
      onMonitor?.(record);
      const broken = Object.entries(values).find(([, measured]) => !Number.isFinite(measured));
      if (broken !== undefined) throw divergence(state.step, 'the look at the validation clips', broken.join(' '), rateAt(epoch - 1));
      if (schedule.name === 'plateau' && isPlanned) {
        if (values.validationLoss === undefined) throw needsValidationLoss();
        state.plateau = afterLook(state.plateau, values.validationLoss, { ...schedule, base: baseLearningRate });
      }
    }
    startNextEpoch(state);
    await saveNow(isBest);
    const isInterrupted = ranks === undefined ? signal?.aborted : ranks.isAnyTrue(signal?.aborted ?? false);
    if (isInterrupted && state.epoch <= epochs) return end('interrupted');
  }
  return end('finished');
}

function stepAndDispose<Batch>(
  method: TrainingMethod<Batch>,
  views: tf.Tensor3D,
  batch: Batch,
  dropout: DropoutKey,
  spread?: BatchSpread,
): StepReport {
  try {
    return method.step(views, batch, dropout, spread);
  } finally {
    views.dispose();
  }
}

function needsValidationLoss(): UsageError {
  return new UsageError(
    'runEpochs: schedule.name plateau goes by the validation loss, which needs 2 validation clips or more; take another schedule or set clips apart',
  );
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function divergence(step: number, what: string, got: number | string, learningRate: number): AudiosslError {
  return new AudiosslError(
    `runEpochs: step ${step}: ${what} must be finite, got ${got} at learning rate ${learningRate}; ` +
      'start again with a lower optimizer.learningRate or with schedule.warmupEpochs',
  );
}
