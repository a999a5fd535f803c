import { describe, expect, it } from 'vitest';
import { learningRateAt, scheduleOptions } from '../../src/optim/learningRateAt.js';
import { afterLook, initialPlateauState, plateauState } from '../../src/optim/plateau.js';
import golden from '../golden/optim/optimizers.json' with { type: 'json' };

const cases: [string, number, object, number[]][] = [
  ["the authors'", 0.001, {}, golden.plateauAuthors],
  ['a quick one', 0.03, { factor: 0.1, patience: 1, threshold: 0.01 }, golden.plateauQuick],
  ['a tiny rate', 3e-8, { patience: 0 }, golden.plateauTiny],
];

describe('plateau', () => {
  it.each(cases)('%s goes as torch', (_, base, given, expected) => {
    const options = scheduleOptions.parse({ name: 'plateau', ...given });
    if (options.name !== 'plateau') throw new Error('expected plateau');
    let state = initialPlateauState();
    const rates = golden.plateauLosses.map((loss, epoch) => {
      // Through JSON, as a checkpoint keeps it.
      state = plateauState.parse(JSON.parse(JSON.stringify(afterLook(state, loss, { ...options, base }))));
      return learningRateAt(options, { base, epoch, epochs: 99, plateauShare: state.share });
    });
    expect(rates).toBeAllClose(expected, { rtol: 1e-12 });
    expect(new Set(rates).size).toBeGreaterThan(1);
  });

  it('has a warm-up as the other schedules', () => {
    const options = scheduleOptions.parse({ name: 'plateau', warmupEpochs: 4, warmupFactor: 0 });
    expect([0, 1, 4].map((epoch) => learningRateAt(options, { base: 1, epoch, epochs: 9, plateauShare: 0.5 }))).toEqual([0, 0.25, 0.5]);
  });
});
