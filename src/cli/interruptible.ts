import { AudiosslError } from '../util/errors.js';

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof exitCodes;

/**
 * A signal this soon after the first is the first one again: Ctrl+C reaches every process of the terminal, and npm and the quickstart pass it
 * on to their children as well. Taken for a second wish, it would end a run before its checkpoint is written.
 */
const SAME_SIGNAL_MS = 500;

/** Work was stopped by SIGINT or SIGTERM and put everything in order; the process ends with 128 + the signal's number. */
export class InterruptedError extends AudiosslError {
  override readonly exitCode: number;

  constructor(readonly signal: Signal) {
    super(`stopped by ${signal}`);
    this.exitCode = exitCodes[signal];
  }
}

/**
 * Runs long work that can be stopped: SIGINT (Ctrl+C) and SIGTERM abort `signal`, the work then saves what it must and returns or throws
 * `signal.reason`; either way this throws `InterruptedError`. A second signal, half a second later or more, ends the process at once.
 * Any other error that the work throws while stopping is passed on: a checkpoint that could not be written must be heard of.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let stoppedAt = 0;
  const stop = (name: Signal): void => {
    if (controller.signal.aborted) {
      if (performance.now() - stoppedAt >= SAME_SIGNAL_MS) process.exit(exitCodes[name]);
      return;
    }
    stoppedAt = performance.now();
    process.stderr.write(`\naudiossl: ${name}: stopping in order (once more: at once)\n`);
    controller.abort(new InterruptedError(name));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const result = await work(controller.signal);
    controller.signal.throwIfAborted();
    return result;
  } catch (error) {
    // fetch, fs and timers throw an AbortError of their own, with the reason as its cause.
    if (controller.signal.aborted && error instanceof Error && error.name === 'AbortError') throw controller.signal.reason;
    throw error;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
