import { describe, expect, it } from 'vitest';
import { energyLogBase } from '../../src/audio/energyLogBase.js';

describe('energyLogBase', () => {
  // A mel value m of power 1 is a magnitude, whose energy is its square; the logarithms are those of logMel.
  it.each([
    ['log10', 2, Math.log10],
    ['log10', 1, Math.log10],
    ['ln', 2, Math.log],
    ['ln', 1, Math.log],
    ['decibel', 2, (m: number) => 10 * Math.log10(m)],
    ['decibel', 1, (m: number) => 20 * Math.log10(m)],
  ] as const)('%s of power %d: the base to the logarithm is the energy', (log, power, logarithm) => {
    for (const m of [1e-3, 0.5, 7]) expect(energyLogBase({ log, power }) ** logarithm(m)).toBeCloseTo(m ** (2 / power), 10);
  });
});
