/** A line about what the sweep does, on standard error. */
export function say(line: string): void {
  process.stderr.write(`audiossl: ${line}\n`);
}
