import * as tf from '@tensorflow/tfjs-core';
import { epochBatches } from '../data/samplers.js';
import type { Simclr, StepResult } from '../method/simclr.js';
import { learningRateAt, type ScheduleOptions } from '../optim/learningRateAt.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { EndRecord, LogRecord, MonitorRecord } from '../run/logRecord.js';
import { AudiosslError } from '../util/errors.js';
import { startClock } from '../util/startClock.js';
import type { MonitorLook } from './monitor.js';
import type { PairSource } from './pairSource.js';
import { startNextEpoch, type TrainingState } from './trainingState.js';
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

/**
 * The pre-training loop: reads a batch ahead, makes views, takes a step, logs it, and gives the event loop a turn after every step.
 * At the end of an epoch it looks at the validation clips and saves. It stops at the last epoch, by early stopping, or after the step
 * under way when `signal` is aborted, having saved in each case. Throws AudiosslError, with nothing saved, when the loss or a look at the
 * validation clips is not finite: weights or running statistics are then beyond repair. `state` is where it starts and is kept current.
 */
export async function runEpochs({
  method,
  optimizer,
  source,
  clips,
  look,
  save,
  log,
  state,
  schedule,
  learningRate: baseLearningRate,
  options: { epochs, batchSize, checkpointSeconds, monitorEveryEpochs, earlyStopping },
  seed,
  signal,
  onProgress,
  onMonitor,
}: {
  method: Simclr;
  optimizer: Optimizer;
  source: PairSource;
  /** Store indices of the training clips. */
  clips: readonly number[];
  /** Looks at the validation clips; undefined where there are none. */
  look?: (training: { contrastiveLoss: number; numPairs: number }) => Promise<MonitorLook>;
  /** Writes the last checkpoint, and the best one as well when told so. */
  save: (isBest: boolean) => Promise<void>;
  log: (record: LogRecord) => void;
  state: TrainingState;
  schedule: ScheduleOptions;
  learningRate: number;
  options: TrainOptions;
  seed: number;
  signal?: AbortSignal;
  onProgress?: (progress: EpochProgress) => void;
  onMonitor?: (record: MonitorRecord) => void;
}): Promise<EndRecord> {
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
    const { epoch } = state;
    const batches = epochBatches({ numClips: clips.length, batchSize, seed, epoch });
    const read = (batch: number) => {
      const reading = source.read(
        Array.from(batches[batch], (i) => clips[i]),
        epoch,
      );
      // Awaited one step later: until then an error must not count as unhandled.
      reading.catch(() => {});
      return reading;
    };
    let next = state.batch < batches.length ? read(state.batch) : undefined;
    while (next !== undefined) {
      const clock = startClock();
      const pairs = await next;
      next = state.batch + 1 < batches.length ? read(state.batch + 1) : undefined;
      const reading = clock();

      const views = source.toViews(pairs);
      const augmenting = clock();
      const { gradients, ...losses } = stepAndDispose(method, views);
      const computing = clock();
      const learningRate = learningRateAt(schedule, { base: baseLearningRate, epoch: epoch - 1 + state.batch / batches.length, epochs });
      try {
        if (!Number.isFinite(losses.loss)) throw divergence(state.step + 1, 'the loss', losses.loss, learningRate);
        optimizer.step(method.trainable, gradients, learningRate);
      } finally {
        tf.dispose([...gradients.values()]);
      }
      const updating = clock();

      state.step++;
      state.batch++;
      const { sums } = state;
      sums.numPairs += pairs.numPairs;
      for (const name of ['loss', 'contrastiveLoss', 'marginLoss'] as const) sums[name] += pairs.numPairs * losses[name];
      const total = reading + augmenting + computing + updating;
      sums.seconds += total;
      state.seconds += total;
      const patchesPerSecond = round((2 * pairs.numPairs) / total, 2);
      log({ kind: 'step', step: state.step, epoch, ...losses, learningRate, patchesPerSecond });
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
      if (signal?.aborted) {
        await next?.catch(() => {});
        await saveNow(false);
        return end('interrupted');
      }
      if (performance.now() - lastSave > checkpointSeconds * 1000) await saveNow(false);
    }

    const { sums } = state;
    const mean = (name: 'loss' | 'contrastiveLoss' | 'marginLoss') => sums[name] / sums.numPairs;
    log({
      kind: 'epoch',
      step: state.step,
      epoch,
      loss: mean('loss'),
      contrastiveLoss: mean('contrastiveLoss'),
      marginLoss: mean('marginLoss'),
      patchesPerSecond: round((2 * sums.numPairs) / sums.seconds, 2),
      seconds: round(sums.seconds, 3),
    });
    let isBest = false;
    if (look !== undefined && (epoch % monitorEveryEpochs === 0 || epoch === epochs)) {
      const { value, values, collapse, seconds } = await look({
        contrastiveLoss: mean('contrastiveLoss'),
        numPairs: Math.min(batchSize, clips.length),
      });
      state.monitor = values;
      isBest = value !== null && (state.best === null || value > state.best.value);
      if (isBest && value !== null) state.best = { value, step: state.step, epoch };
      state.looksSinceBest = isBest ? 0 : state.looksSinceBest + 1;
      const record: MonitorRecord = { kind: 'monitor', step: state.step, epoch, ...values, collapse, isBest, seconds: round(seconds, 3) };
      log(record);
      onMonitor?.(record);
      const broken = Object.entries(values).find(([, measured]) => !Number.isFinite(measured));
      if (broken !== undefined) {
        const rate = learningRateAt(schedule, { base: baseLearningRate, epoch: epoch - 1, epochs });
        throw divergence(state.step, 'the look at the validation clips', broken.join(' '), rate);
      }
    }
    startNextEpoch(state);
    await saveNow(isBest);
    if (signal?.aborted && state.epoch <= epochs) return end('interrupted');
  }
  return end('finished');
}

function stepAndDispose(method: Simclr, views: tf.Tensor3D): StepResult {
  try {
    return method.step(views);
  } finally {
    views.dispose();
  }
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
