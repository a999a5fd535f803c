import type { FrontEnd } from './frontEnd.js';

/**
 * The base b for which b^x is the energy (power) of a log-mel value x: 10 for log10 of power, 10^(1/10) for decibels, e for ln of power,
 * and its square where the front end takes magnitudes.
 */
export function energyLogBase({ log, power }: Pick<FrontEnd, 'log' | 'power'>): number {
  if (log === 'decibel') return 10 ** 0.1;
  return (log === 'ln' ? Math.E : 10) ** (2 / power);
}
