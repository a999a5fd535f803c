/** What must hold, and the remedy, of the system's errors that a user can do something about. `at` is the path, where there is one. */
const remedies: Record<string, (at: string) => [string, string]> = {
  EACCES: (at) => [`${at}: permission denied`, 'change its permissions or give another path'],
  EPERM: (at) => [`${at}: not permitted`, 'change its permissions or give another path'],
  EROFS: (at) => [`${at}: the file system is read-only`, 'give another path'],
  ENOENT: (at) => [`${at}: no such file or folder`, 'check the path'],
  ENOTDIR: (at) => [`${at}: a folder is needed where a file is`, 'give another path'],
  EISDIR: (at) => [`${at}: a file is needed where a folder is`, 'give another path'],
  EEXIST: (at) => [`${at}: something else is there already`, 'give another path'],
  ENOTEMPTY: (at) => [`${at}: the folder must be empty`, 'give another path'],
  ENAMETOOLONG: (at) => [`${at}: the name is too long`, 'give another path'],
  ENOSPC: () => ['the disk is full', 'free some space and run the same command again, pretrain and train with --resume'],
  EDQUOT: () => ['the disk quota is used up', 'free some space and run the same command again, pretrain and train with --resume'],
  EIO: (at) => [`${at}: the disk cannot be read or written`, 'check the disk'],
  EMFILE: () => ['too many open files', 'raise the limit: ulimit -n 4096'],
  ENOMEM: () => ['not enough memory', 'close other programs or ask for less at once'],
};

/** One line for an error of the operating system, such as a folder without write permission; undefined for any other error. */
export function describeSystemError(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (code === undefined || !Object.hasOwn(remedies, code)) return undefined;
  const [what, remedy] = remedies[code](path ?? 'the file');
  return `${what} (${code}, ${syscall}); ${remedy}`;
}
