import { frontEndAddon } from '../audio/frontEndAddon.js';

const EVERY_MS = 2000;
let next = 0;

/**
 * Gives free memory of the C library's heaps back to the system, at most every two seconds (it takes some 2 ms, and what is used again must
 * be found again). libtorch's addon has the library keep what is freed, for training, and blocks of sound and frames leave holes in it.
 * Does nothing without the front end's addon, or where the C library knows no such thing.
 */
export function giveBackMemory(): void {
  const now = performance.now();
  if (now < next) return;
  next = now + EVERY_MS;
  frontEndAddon()?.giveBackMemory?.();
}
