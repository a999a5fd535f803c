import { shellWord } from './shellWord.js';

/**
 * The last line of a command: what is usually done after it, ready to paste. On standard error, so that what the command prints stays its
 * own; not where AUDIOSSL_NEXT=off, which commands that run others set for them.
 */
export function sayNext(args: readonly string[]): void {
  if (process.env.AUDIOSSL_NEXT === 'off') return;
  process.stderr.write(`next: audiossl ${args.map(shellWord).join(' ')}\n`);
}
