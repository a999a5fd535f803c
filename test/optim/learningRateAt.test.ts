import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learningRateAt, scheduleOptions } from '../../src/optim/learningRateAt.js';
import golden from '../golden/optim/optimizers.json' with { type: 'json' };

const base = 0.03;

describe('learningRateAt', () => {
  it('multiStep follows torch: 1 for the first 325 epochs, 0.1 up to 425, 0.01 after', () => {
    const options = scheduleOptions.parse({});
    const rates = golden.multiStep.map(([epoch]) => learningRateAt(options, { base, epoch, epochs: 500 }));
    expect(rates).toBeAllClose(
      golden.multiStep.map(([, rate]) => rate),
      { rtol: 1e-12 },
    );
    expect(learningRateAt(options, { base, epoch: 324.99, epochs: 500 })).toBe(base);
  });

  it('cosine and both with warm-up follow torch at every epoch', () => {
    const follow = (given: object, epochs: number, expected: number[]) => {
      const options = scheduleOptions.parse(given);
      const rates = expected.map((_, epoch) => learningRateAt(options, { base, epoch, epochs }));
      expect(rates).toBeAllClose(expected, { rtol: 1e-9, atol: 1e-15 });
    };
    follow({ name: 'cosine', finalFactor: 0.1 }, 20, golden.cosine);
    follow({ name: 'cosine', warmupEpochs: 4 }, 20, golden.cosineWarm);
    follow({ name: 'multiStep', milestones: [7, 10], warmupEpochs: 4 }, 12, golden.multiStepWarm);
  });

  it('never rises after the warm-up, never falls in it, and stays within 0 and the base rate', () => {
    const names = fc.constantFrom('multiStep', 'cosine', 'constant');
    fc.assert(
      fc.property(names, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 6, max: 40 }), (name, warmupEpochs, epochs) => {
        const options = scheduleOptions.parse({ name, warmupEpochs, ...(name === 'multiStep' ? { milestones: [8, 20] } : {}) });
        const at = (epoch: number) => learningRateAt(options, { base, epoch, epochs });
        for (let epoch = 0; epoch < epochs; epoch += 0.25) {
          const [now, next] = [at(epoch), at(epoch + 0.25)];
          expect(now).toBeGreaterThanOrEqual(0);
          expect(now).toBeLessThanOrEqual(base * (1 + 1e-12));
          if (epoch < warmupEpochs) expect(next).toBeGreaterThan(now);
          else expect(next).toBeLessThanOrEqual(now);
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('refuses the keys of another schedule', () => {
    expect(scheduleOptions.safeParse({ name: 'cosine', milestones: [3] }).success).toBe(false);
    expect(scheduleOptions.safeParse({ name: 'step' }).success).toBe(false);
  });
});
