import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import type { ScheduleOptions } from '../../src/optim/learningRateAt.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import type { LogRecord } from '../../src/run/logRecord.js';
import type { MonitorLook } from '../../src/train/monitorLook.js';
import { runEpochs } from '../../src/train/runEpochs.js';
import type { TrainingMethod, ViewSource } from '../../src/train/trainingMethod.js';
import { initialTrainingState, type TrainingState } from '../../src/train/trainingState.js';
import { type TrainOptions, trainOptions } from '../../src/train/trainOptions.js';

/** A loop whose network is a counter: the loss of step n is `lossOf(n)`; everything that is called is written down. */
function harness({
  numClips = 20,
  train = {} as Partial<TrainOptions>,
  lossOf = (step: number) => step,
  values = [] as (number | null)[],
  tieBreaks = [] as number[],
  lookValues = [] as MonitorLook['values'][],
  lookAt,
  schedule = { name: 'multiStep', milestones: [2], factor: 0.1, warmupEpochs: 0, warmupFactor: 0.01 },
  state = initialTrainingState(),
  untilEpoch,
}: {
  numClips?: number;
  train?: Partial<TrainOptions>;
  lossOf?: (step: number) => number;
  values?: (number | null)[];
  tieBreaks?: number[];
  lookValues?: MonitorLook['values'][];
  /** The validation loss of an epoch, which chooses. */
  lookAt?: (epoch: number) => number;
  schedule?: ScheduleOptions;
  state?: TrainingState;
  untilEpoch?: number;
}) {
  const calls = {
    reads: [] as { clips: number[]; epoch: number }[],
    keys: [] as [number, number][],
    rates: [] as number[],
    saves: [] as { isBest: boolean; state: TrainingState }[],
  };
  const log: LogRecord[] = [];
  const controller = new AbortController();
  const source: ViewSource<number, number> = {
    viewsPerItem: 2,
    async read(clips, epoch) {
      calls.reads.push({ clips: [...clips], epoch });
      return clips.length;
    },
    toViews: () => tf.zeros([1, 1, 1]),
  };
  const method: TrainingMethod<number> = {
    trainable: new Map(),
    step: (_views, batch, { seed, step }) => {
      calls.keys.push([seed, step]);
      const loss = lossOf(state.step + 1);
      const losses = { loss, contrastiveLoss: 2 * loss, marginLoss: 3 * loss };
      return { losses, counts: { largeBatches: batch > 8 ? 1 : 0 }, gradients: new Map([['w', tf.scalar(1)]]) };
    },
  };
  const optimizer: Optimizer = {
    step: (_parameters, _gradients, rate) => void calls.rates.push(rate),
    state: () => new Map(),
    restore() {},
    dispose() {},
  };
  const left = [...values];
  const leftTieBreaks = [...tieBreaks];
  const leftValues = [...lookValues];
  const run = () =>
    runEpochs({
      method,
      optimizer,
      source,
      items: Array.from({ length: numClips }, (_, i) => 100 + i),
      look:
        lookAt !== undefined
          ? async () => ({ value: -lookAt(state.epoch), values: { validationLoss: lookAt(state.epoch) }, seconds: 0 })
          : values.length === 0
            ? undefined
            : async () => ({
                value: left.shift() ?? null,
                tieBreak: leftTieBreaks.shift(),
                values: leftValues.shift() ?? { validationLoss: 1 },
                seconds: 0,
              }),
      save: async (isBest) => void calls.saves.push({ isBest, state: structuredClone(state) }),
      log: (record) => log.push(record),
      state,
      schedule,
      learningRate: 0.5,
      options: trainOptions.parse({ epochs: 3, batchSize: 8, ...train }),
      seed: 4,
      untilEpoch,
      signal: controller.signal,
    });
  return { run, calls, log, state, controller };
}

describe('runEpochs', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  it('shows every clip once an epoch, in another order each, and lowers the rate at the milestone', async () => {
    const { run, calls } = harness({});
    expect((await run()).reason).toBe('finished');
    // 20 clips in batches of 8 would leave 4, which join the one before.
    expect(calls.reads.map(({ clips }) => clips.length)).toEqual([8, 12, 8, 12, 8, 12]);
    const orders = [1, 2, 3].map((epoch) => calls.reads.filter((read) => read.epoch === epoch).flatMap(({ clips }) => clips));
    for (const order of orders) expect([...order].sort()).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i));
    expect(orders[0]).not.toEqual(orders[1]);
    expect(calls.rates).toEqual([0.5, 0.5, 0.5, 0.5, 0.05, 0.05]);
  });

  it('logs each step and the mean over the pairs of each epoch', async () => {
    const { run, log } = harness({ train: { epochs: 1 } });
    await run();
    expect(log.map(({ kind }) => kind)).toEqual(['step', 'step', 'epoch', 'end']);
    expect(log[0]).toMatchObject({ step: 1, epoch: 1, loss: 1, contrastiveLoss: 2, marginLoss: 3, learningRate: 0.5 });
    expect(log[2]).toMatchObject({ step: 2, epoch: 1, loss: (8 * 1 + 12 * 2) / 20, marginLoss: (3 * (8 * 1 + 12 * 2)) / 20 });
  });

  it('lets the validation loss choose between equal scores, so that a constant one chooses nothing', async () => {
    const { run, calls, state } = harness({
      values: [0, 0, 0, 0],
      tieBreaks: [-4, -2, -3, -1],
      train: { epochs: 4, earlyStopping: { patience: 2 } },
    });
    expect(await run()).toMatchObject({ bestValue: 0, bestEpoch: 4, reason: 'finished' });
    expect(calls.saves.map(({ isBest }) => isBest)).toEqual([true, true, false, true]);
    expect(state.best).toMatchObject({ value: 0, tieBreak: -1, epoch: 4 });
    // A better score wins whatever its loss.
    expect(await harness({ values: [0.5, 0.6, 0.5], tieBreaks: [-1, -9, -0.5] }).run()).toMatchObject({ bestValue: 0.6, bestEpoch: 2 });
  });

  it('keeps the best look as the best checkpoint, a tie being none', async () => {
    const { run, calls, log } = harness({ values: [0.4, 0.6, 0.6] });
    const end = await run();
    expect(calls.saves.map(({ isBest }) => isBest)).toEqual([true, true, false]);
    expect(end).toMatchObject({ bestValue: 0.6, bestEpoch: 2, bestStep: 4 });
    expect(log.filter(({ kind }) => kind === 'monitor').map((record) => 'isBest' in record && record.isBest)).toEqual([true, true, false]);
  });

  it('looks only every so many epochs, and after the last one', async () => {
    const { run, log } = harness({ values: [1, 2, 3], train: { epochs: 5, monitorEveryEpochs: 2 } });
    await run();
    expect(log.filter(({ kind }) => kind === 'monitor').map((record) => 'epoch' in record && record.epoch)).toEqual([2, 4, 5]);
  });

  it('stops when patience is lost, also when it is resumed in that state', async () => {
    const { run, calls, state } = harness({ values: [0.9, 0.1, 0.2, 0.95], train: { epochs: 50, earlyStopping: { patience: 2 } } });
    expect(await run()).toMatchObject({ reason: 'earlyStopping', epoch: 3, bestEpoch: 1 });
    const again = harness({ state, values: [1], train: { epochs: 50, earlyStopping: { patience: 2 } } });
    expect((await again.run()).reason).toBe('earlyStopping');
    expect(again.calls.reads).toEqual([]);
    expect(calls.saves.length).toBe(3);
  });

  it('stops after the step under way when told to, saved, and goes on with the next batch', async () => {
    const first = harness({
      lossOf: (step) => {
        if (step === 3) first.controller.abort();
        return step;
      },
    });
    expect((await first.run()).reason).toBe('interrupted');
    expect(first.state).toMatchObject({ step: 3, epoch: 2, batch: 1 });
    expect(first.calls.saves.at(-1)!.state).toEqual(first.state);
    const second = harness({ state: structuredClone(first.state) });
    expect((await second.run()).reason).toBe('finished');
    const whole = harness({});
    await whole.run();
    const done = [...first.calls.reads.slice(0, 3), ...second.calls.reads];
    expect(done).toEqual(whole.calls.reads);
    const epochs = (log: LogRecord[]) => log.filter(({ kind }) => kind === 'epoch').map((record) => 'loss' in record && record.loss);
    expect([...epochs(first.log), ...epochs(second.log)]).toEqual(epochs(whole.log));
  });

  it('pauses after an epoch with a look, saved, and goes on as if it had not', async () => {
    const train = { epochs: 4, monitorEveryEpochs: 4 };
    const whole = harness({ train, values: [0.5] });
    await whole.run();
    const paused = harness({ train, values: [0.5], untilEpoch: 2 });
    expect(await paused.run()).toMatchObject({ reason: 'paused', epoch: 2, bestEpoch: 2 });
    expect(paused.calls.saves.at(-1)).toMatchObject({ isBest: true, state: { epoch: 3, batch: 0 } });
    // Told to pause where it is, it does nothing.
    const still = harness({ state: paused.state, train, values: [0.5], untilEpoch: 2 });
    expect(await still.run()).toMatchObject({ reason: 'paused', epoch: 2 });
    expect(still.calls.reads).toEqual([]);
    const rest = harness({ state: paused.state, train, values: [0.6] });
    expect(await rest.run()).toMatchObject({ reason: 'finished', epoch: 4, bestEpoch: 4 });
    for (const key of ['reads', 'keys', 'rates'] as const) expect([...paused.calls[key], ...rest.calls[key]]).toEqual(whole.calls[key]);
  });

  it('comes to the same rates, best checkpoint and end, wherever it pauses', async () => {
    // By epoch: the looks of a run without pauses are those of the epochs 2, 4, ...; those of the others must not count, good or bad.
    const lossAt = (epoch: number) => [0, 5, 4, 1, 4, 4, 4, 9, 3, 3.5, 3.5, 0, 3.5, 3.5, 3.5, 0, 2][epoch];
    const train = { epochs: 16, monitorEveryEpochs: 2, earlyStopping: { patience: 3 } };
    const schedule = {
      name: 'plateau' as const,
      factor: 0.5,
      patience: 0,
      threshold: 1e-4,
      warmupEpochs: 0,
      warmupFactor: 0.1,
    };
    const goOn = async (pauses: number[]) => {
      const state = initialTrainingState();
      const rates: number[] = [];
      let reason = '';
      for (const untilEpoch of [...pauses, undefined]) {
        const part = harness({ state, train, lookAt: lossAt, schedule, untilEpoch });
        reason = (await part.run()).reason;
        rates.push(...part.calls.rates);
      }
      return { rates, reason, best: state.best, epoch: state.epoch };
    };
    const whole = await goOn([]);
    expect(whole).toMatchObject({ reason: 'earlyStopping', epoch: 15, best: { epoch: 8 } });
    expect(new Set(whole.rates).size).toBeGreaterThan(2);
    for (const pauses of [[1], [3, 5, 7], [2, 3], [11, 13], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]])
      expect(await goOn(pauses)).toEqual(whole);
  });

  it('does not lose patience with looks that have no score', async () => {
    const { run } = harness({ values: [null, null, null, 0.5], train: { epochs: 4, earlyStopping: { patience: 1 } } });
    expect(await run()).toMatchObject({ reason: 'finished', bestEpoch: 4 });
  });

  it('saves as often as it is told to', async () => {
    const { run, calls } = harness({ train: { epochs: 1, checkpointSeconds: 1e-9 } });
    await run();
    expect(calls.saves.map(({ state }) => state.step)).toEqual([1, 2, 2]);
  });

  it('refuses a loss that is not a number, before it reaches the weights', async () => {
    const { run, calls } = harness({ lossOf: (step) => (step === 2 ? Number.NaN : 1) });
    await expect(run()).rejects.toThrow('runEpochs: step 2: the loss must be finite, got NaN at learning rate 0.5; start again with');
    expect(calls.rates.length).toBe(1);
    expect(tf.memory().numTensors).toBe(0);
  });

  it('stops, saved nowhere, where the look at the validation clips finds no numbers', async () => {
    const { run, calls, log } = harness({
      values: [0.5, null],
      lookValues: [{ validationLoss: 1 }, { validationLoss: 1, alignment: Number.NaN }],
    });
    await expect(run()).rejects.toThrow(
      /^runEpochs: step 4: the look at the validation clips must be finite, got alignment NaN at learning rate 0\.5; start again with/,
    );
    expect(calls.saves).toHaveLength(1);
    expect(log.filter(({ kind }) => kind === 'monitor')).toHaveLength(2);
  });

  it('lets go of the views where the step fails', async () => {
    const { run } = harness({
      lossOf: () => {
        throw new Error('no memory');
      },
    });
    await expect(run()).rejects.toThrow('no memory');
    expect(tf.memory().numTensors).toBe(0);
  });
});
