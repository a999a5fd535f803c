import type { ProtocolName } from '../../eval/protocolNames.js';
import { UsageError } from '../../util/errors.js';

/** Keys under `evaluation` that only some protocols read. */
const readBy: Record<string, readonly ProtocolName[]> = {
  'evaluation.linear': ['linear'],
  'evaluation.finetune': ['finetune'],
  'evaluation.neighbours': ['knn'],
  'evaluation.compat.knn': ['knn'],
  'evaluation.compat.majorityVote': ['knn'],
  'evaluation.compat.probeTrainMode': ['linear'],
};

/** Options that do what a config key does in training. */
const instead: Record<string, string> = {
  seed: 'pass --seed',
  data: 'pass --data, --folds, --train-on or --label-fractions',
};

/**
 * Throws UsageError for an override that an evaluation does not read: what trained the run is as it is, and an ignored wish would look
 * like a granted one.
 */
export function checkOverrides(overrides: readonly string[], { protocol, hasData }: { protocol: ProtocolName; hasData: boolean }): void {
  for (const text of overrides) {
    const key = text.slice(0, text.indexOf('=')).trim();
    const [section] = key.split('.');
    if (section === 'evaluation') {
      const [prefix, protocols] = Object.entries(readBy).find(([start]) => key === start || key.startsWith(`${start}.`)) ?? [];
      if (prefix === undefined || protocols?.includes(protocol)) continue;
      throw new UsageError(
        `--set ${text}: the protocol ${protocol} does not read ${prefix}; leave it out, or pass --protocol ${protocols?.join(' or ')}`,
      );
    }
    if (key === 'data.format') {
      if (hasData) continue;
      throw new UsageError(`--set ${text}: the layout of recordings is read with --data only; leave it out, or pass --data DIR`);
    }
    throw new UsageError(
      `--set ${text}: evaluate reads evaluation.* only, everything else is as the run was trained; ${instead[section] ?? 'leave it out'}`,
    );
  }
}
