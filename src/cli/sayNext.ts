import { shellWord } from './shellWord.js';

/**
 * The last line of a command: what is usually done after it, ready to paste. On standard error, so that what the command prints stays its
 * own; not where AUDIOSSL_NEXT=off, which commands that run others set for them. A command after which there is a page to open, or files for
 * other programs, is the end of the way and says nothing.
 */
export function sayNext(args: readonly string[]): void {
  sayNextLine(commandLine(args));
}

/** The same of a line that is no command of this program. */
export function sayNextLine(line: string): void {
  if (process.env.AUDIOSSL_NEXT !== 'off') process.stderr.write(`next: ${line}\n`);
}

/** A command of this program, ready to paste. */
export function commandLine(args: readonly string[]): string {
  // Given by npx or an npm script, the program is in a project and not on the path.
  const program = process.env.npm_command === undefined ? 'audiossl' : 'npx audiossl';
  return `${program} ${args.map(shellWord).join(' ')}`;
}
