import { availableParallelism } from 'node:os';
import { UsageError } from './errors.js';

/** Far more than serves anyone, and few enough that a slip of the keyboard does not stop the machine. */
const MOST_PER_CORE = 16;

/**
 * Throws UsageError for more threads, workers or processes than 16 a core that this process may use.
 * @param what who asks, and for what, such as `setBackend: threads`
 */
export function checkPerCore(what: string, number: number): void {
  const most = MOST_PER_CORE * availableParallelism();
  if (number > most)
    throw new UsageError(
      `${what} must be at most ${most}, ${MOST_PER_CORE} a core of this machine, got ${number}; leave it out for one a core`,
    );
}
