import { inProgram } from './inProgram.js';

/**
 * An expected failure, told to the user in one line: who, what must hold, what was got, remedy.
 * `decodeAudio: clip 12.wav has 0 samples, expected at least 1; delete it or pass --on-error skip` is what it is made with and what the
 * command line prints; `message`, for programs, names the option as they do: pass `onError` skip.
 *
 * @example
 * ```ts
 * import { AudiosslError, resolveFrontEnd } from 'audiossl';
 * let problem;
 * try {
 *   resolveFrontEnd({ nMels: 0 });
 * } catch (error) {
 *   problem = error;
 * }
 * problem instanceof AudiosslError && problem.message.startsWith('frontEnd: nMels'); // => true
 * ```
 */
export class AudiosslError extends Error {
  /** Exit code of the command line: 1 = failed. */
  readonly exitCode: number = 1;
  /** As it was made. */
  readonly commandLineMessage: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(inProgram(message), options);
    this.commandLineMessage = message;
    this.name = new.target.name;
  }
}

/**
 * Wrong use: an unknown option or config key, a missing file named by the user. Exit code 2.
 *
 * @example
 * ```ts
 * import { loadModel, UsageError } from 'audiossl';
 * const problem = await loadModel('no such run').catch((error) => error);
 * [problem instanceof UsageError, problem.exitCode]; // => [true, 2]
 * ```
 */
export class UsageError extends AudiosslError {
  override readonly exitCode = 2;
}

/** The text of anything thrown, on one line; of our own errors as they were made, so that it can be a part of another one. */
export function errorText(error: unknown): string {
  const text = error instanceof AudiosslError ? error.commandLineMessage : error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
