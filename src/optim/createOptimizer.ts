import { z } from 'zod';
import { adam, adamOptions } from './adam.js';
import type { Optimizer } from './optimizer.js';
import { sgd, sgdOptions } from './sgd.js';

/** Which optimiser, and its settings; without a name it is SGD. */
export const optimizerOptions = z.discriminatedUnion('name', [sgdOptions, adamOptions]).describe('what changes the parameters');
export type OptimizerOptions = z.infer<typeof optimizerOptions>;

export function createOptimizer(options: OptimizerOptions): Optimizer {
  return options.name === 'sgd' ? sgd(options) : adam(options);
}
