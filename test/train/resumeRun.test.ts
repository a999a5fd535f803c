import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadConfig } from '../../src/config/loadConfig.js';
import { learningRateAt, type ScheduleOptions, scheduleOptions } from '../../src/optim/learningRateAt.js';
import { pretrain } from '../../src/train/pretrain.js';
import { checkPace } from '../../src/train/resumeRun.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneStore } from './toneStore.js';

const cosine = scheduleOptions.parse({ name: 'cosine' });

describe('the epochs of a resumed run', () => {
  it('may change just where every step behind it had the learning rate of the new schedule too', () => {
    const schedules = fc
      .record({ name: fc.constantFrom('cosine', 'multiStep', 'constant', 'plateau'), warmupEpochs: fc.integer({ min: 0, max: 4 }) })
      .map((given): ScheduleOptions => scheduleOptions.parse({ ...given, ...(given.name === 'multiStep' && { milestones: [3] }) }));
    const lengths = fc.integer({ min: 6, max: 12 });
    fc.assert(
      fc.property(schedules, lengths, lengths, fc.integer({ min: 0, max: 6 }), (schedule, before, epochs, epochsDone) => {
        const rateAt = (epoch: number, length: number) => learningRateAt(schedule, { base: 0.1, epoch, epochs: length });
        // Four steps an epoch.
        const steps = Array.from({ length: 4 * epochsDone }, (_, step) => step / 4);
        const isSame = steps.every((epoch) => rateAt(epoch, before) === rateAt(epoch, epochs));
        const check = () =>
          checkPace('pretrain', { state: { epoch: epochsDone + 1, batch: 0 }, before, now: { epochs, schedule, learningRate: 0.1 } });
        if (isSame) expect(check).not.toThrow();
        else expect(check).toThrow(`with schedule.name cosine train.epochs must stay ${before}, got ${epochs}`);
      }),
    );
  });

  it('are refused with the rate that was and the one that would be', () => {
    // Half-way through a cosine, and a quarter: (1 + cos(pi / 2)) / 2 and (1 + cos(pi / 4)) / 2 of the base rate.
    const half = { epoch: 6, batch: 0 };
    expect(() => checkPace('train', { state: half, before: 10, now: { epochs: 20, schedule: cosine, learningRate: 0.1 } })).toThrow(
      "train: with schedule.name cosine train.epochs must stay 10, got 20: the learning rate after epoch 5 would jump from 0.05 to 0.0854; set train.epochs=10, or start a new run (train.initialise can begin it with this one's encoder)",
    );
    // In the middle of the first epoch its later steps have gone another way.
    const begun = { epoch: 1, batch: 2 };
    expect(() => checkPace('train', { state: begun, before: 10, now: { epochs: 20, schedule: cosine, learningRate: 0.1 } })).toThrow(
      'after epoch 1 would jump from 0.0976 to 0.0994',
    );
    expect(() => checkPace('train', { state: half, before: 10, now: { epochs: 4, schedule: cosine, learningRate: 0.1 } })).toThrow(
      'train: train.epochs must be at least the 5 epochs that the run has behind it, got 4',
    );
  });

  it('are looked at before anything is written', async () => {
    await setBackend({ backend: 'wasm' });
    const store = await toneStore(10);
    const out = join(temporaryFolder(), 'run');
    const config = (epochs: number) =>
      loadConfig({
        overrides: [
          ...['encoder.name=vgg', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=16'],
          ...['train.batchSize=8', 'views=[]', 'schedule={name: cosine}', `train.epochs=${epochs}`],
        ],
      });
    await pretrain({ store, config: config(1), out });
    const files = () => ['config.yaml', 'split.csv', 'log.jsonl'].map((name) => readFileSync(join(out, name), 'utf8'));
    const [before, names] = [files(), readdirSync(out)];
    await expect(pretrain({ store, config: config(2), out, resume: true })).rejects.toThrow('would jump from 0 to 0.015');
    expect([files(), readdirSync(out)]).toEqual([before, names]);
    await store.close();
  });
});
