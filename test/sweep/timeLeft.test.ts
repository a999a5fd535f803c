import { describe, expect, it } from 'vitest';
import type { PlannedRun } from '../../src/sweep/expandSweep.js';
import type { Stage } from '../../src/sweep/stages.js';
import { createTimeKeeper } from '../../src/sweep/timeLeft.js';

const linear = { protocol: 'linear', split: 'test', checkpoint: 'best' } as const;
const training: Stage = { kind: 'training' };
const probe: Stage = { kind: 'evaluation', evaluation: linear };
const runOf = (name: string, epochs: number, baseline?: 'logMel') =>
  ({ name, baseline, config: { train: { epochs } }, evaluations: [linear] }) as unknown as PlannedRun;

describe('time left of a sweep', () => {
  it('goes by the epochs of trainings and by the evaluations of their kind, shared among the jobs', () => {
    let now = 0;
    const [base, a, b, c] = [runOf('base', 0, 'logMel'), runOf('a', 10), runOf('b', 20), runOf('c', 30)];
    const keeper = createTimeKeeper([base, a, b, c], { jobs: 2, now: () => now });
    const left = () => keeper.left(() => 0);
    keeper.end(base, training, 1);
    keeper.end(base, probe, 1);
    expect(left()).toBeUndefined();

    keeper.start(a, training);
    now = 20_000;
    // 4 epochs in 20 s: 5 s an epoch; 10 + 20 + 30 epochs less the 20 s that are gone; evaluations unknown yet.
    expect(keeper.left((run) => (run === a ? 4 : 0))).toBeCloseTo((60 * 5 - 20) / 2);
    keeper.end(a, training, 40);
    keeper.end(a, probe, 6);
    expect(left()).toBeCloseTo(((20 + 30) * 4 + 2 * 6) / 2);
    // Done before: it says nothing about durations.
    keeper.end(b, training, undefined);
    expect(left()).toBeCloseTo((30 * 4 + 2 * 6) / 2);
    keeper.drop(b);
    // One run cannot be shared.
    expect(left()).toBeCloseTo(30 * 4 + 6);
    keeper.drop(c);
    expect(left()).toBe(0);
  });
});
