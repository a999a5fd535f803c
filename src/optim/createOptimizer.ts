import { z } from 'zod';
import { adam, adamOptions } from './adam.js';
import { lars, larsOptions } from './lars.js';
import type { Optimizer } from './optimizer.js';
import { sgd, sgdOptions } from './sgd.js';

/** Which optimiser, and its settings; without a name it is SGD. */
export const optimizerOptions = z
  .discriminatedUnion('name', [sgdOptions, adamOptions, larsOptions])
  .describe('what changes the parameters');
export type OptimizerOptions = z.infer<typeof optimizerOptions>;

export function createOptimizer(options: OptimizerOptions): Optimizer {
  switch (options.name) {
    case 'sgd':
      return sgd(options);
    case 'adam':
      return adam(options);
    case 'lars':
      return lars(options);
  }
}
