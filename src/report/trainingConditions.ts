import { systemTraits } from './comparison/systemTraits.js';
import { valueAt } from './selection.js';

/** `batchSize` and `temperature` of report.csv: what the network was trained with; undefined where nothing was, or by a loss without one. */
export function trainingConditions(config: unknown): [batchSize: number | undefined, temperature: number | undefined] {
  const { kind, temperature } = systemTraits(config);
  const batchSize = valueAt(config, ['train', 'batchSize']);
  const isTrained = kind !== 'randomWeights' && kind !== 'logMelStatistics';
  return [isTrained && typeof batchSize === 'number' ? batchSize : undefined, temperature ?? undefined];
}
