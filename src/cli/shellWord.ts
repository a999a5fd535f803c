/** An argument as a POSIX shell takes it literally: quoted where it must be. */
export function shellWord(argument: string): string {
  return /^[\w./:=@,+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
