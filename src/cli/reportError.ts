import { CommanderError } from 'commander';
import { AudiosslError, errorText } from '../util/errors.js';
import { asOfCommand } from './commandOfError.js';
import { describeSystemError } from './describeSystemError.js';
import { InterruptedError } from './interruptible.js';

/** Prints what went wrong as one line on standard error and returns the exit code: 1 failed, 2 wrong use, 130 or 143 interrupted. */
export function reportError(error: unknown, { isDebug = false }: { isDebug?: boolean } = {}): number {
  if (error instanceof CommanderError) {
    // commander has printed its message, help or version itself. No command at all prints the help and is wrong use.
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof InterruptedError) {
    process.stderr.write(`audiossl: ${error.message}\n`);
    return error.exitCode;
  }
  const systemText = describeSystemError(error);
  if (systemText !== undefined && !isDebug) {
    process.stderr.write(`audiossl: ${systemText}\n`);
    return 1;
  }
  const isExpected = error instanceof AudiosslError;
  const name = !isExpected && error instanceof Error ? `${error.name}: ` : '';
  const hint = isExpected || isDebug ? '' : ' (not expected: run it again with --debug for the stack)';
  process.stderr.write(`audiossl: ${name}${asOfCommand(errorText(error))}${hint}\n`);
  if (isDebug && error instanceof Error) process.stderr.write(`${stackOf(error)}\n`);
  return isExpected ? error.exitCode : 1;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
