import { AudiosslError } from '../util/errors.js';
import { frontEndAddon } from './frontEndAddon.js';

/**
 * The mean of the channels, [channels][numSamples] -> [numSamples]; a single channel is returned as it is.
 *
 * @example
 * ```ts
 * import { mixDown } from 'audiossl';
 * mixDown([Float32Array.of(1, 0), Float32Array.of(0, 0.5)]); // => [0.5, 0.25]
 * ```
 */
export function mixDown(channels: readonly Float32Array[]): Float32Array {
  if (channels.length === 0) throw new AudiosslError('mixDown: at least 1 channel is needed, got 0');
  if (channels.length === 1) return channels[0];
  const mono = new Float32Array(channels[0].length);
  const addon = frontEndAddon();
  if (addon) addon.mixDown(channels, mono);
  else mixInTypeScript(channels, mono);
  return mono;
}

function mixInTypeScript(channels: readonly Float32Array[], mono: Float32Array): void {
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (const channel of channels) sum += channel[i];
    mono[i] = sum / channels.length;
  }
}
