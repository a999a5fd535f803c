import type { Clip } from './clip.js';
import type { DataOptions } from './dataOptions.js';

/**
 * The data options of a supervised run: in FSDnoisy18k, whose clips say which labels were verified, the protocol `auto` means all training
 * clips; its other meaning, `ssl`, is for pre-training.
 */
export function supervisedData<Options extends Pick<DataOptions, 'protocol'>>(
  clips: readonly Pick<Clip, 'isVerified'>[],
  data: Options,
): Options {
  const isVerifiedKnown = clips.some(({ isVerified }) => isVerified !== undefined);
  return data.protocol === 'auto' && isVerifiedKnown ? { ...data, protocol: 'all' } : data;
}
