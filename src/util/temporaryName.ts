import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

/** A name beside `path` that no other process takes, of this machine or of one that shares the disk: `.NAME.PID.RANDOM.tmp`. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
}
