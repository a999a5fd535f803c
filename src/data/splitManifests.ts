import type { Clip } from './clip.js';
import { dataOptions, type Protocol } from './dataOptions.js';
import { resolveSplit } from './resolveSplit.js';

/** FSDnoisy18k's protocols with a committed split, `data/fsdnoisy18k/<protocol>.csv`. `ssl-all` has the same clips as `all`. */
export const manifestProtocols = ['ssl', 'all', 'clean', 'noisy', 'noisySmall'] as const satisfies Protocol[];

/** The split of each protocol as csv text (`id,split`), as a run with the default options gets it whatever its seed. */
export function splitManifests(clips: readonly Clip[]): { protocol: (typeof manifestProtocols)[number]; csvText: string }[] {
  return manifestProtocols.map((protocol) => ({ protocol, csvText: resolveSplit(clips, dataOptions.parse({ protocol }), 0).csvText }));
}
