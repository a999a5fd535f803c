import { isUntrained, type SystemTraits, systemTraits } from './comparison/systemTraits.js';
import { valueAt } from './selection.js';

/** `batchSize` and `temperature` of report.csv: what the network was trained with; undefined where nothing was, or by a loss without one. */
export function trainingConditions(config: unknown): [batchSize: number | undefined, temperature: number | undefined] {
  const traits = systemTraits(config);
  return [trainedBatchSize({ config, traits }), traits.temperature ?? undefined];
}

/** Undefined where nothing was trained. */
export function trainedBatchSize({ config, traits }: { config: unknown; traits: SystemTraits }): number | undefined {
  const size = valueAt(config, ['train', 'batchSize']);
  return !isUntrained(traits) && typeof size === 'number' ? size : undefined;
}
