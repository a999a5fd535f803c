import { posix } from 'node:path';
import { AudiosslError } from '../util/errors.js';

/** A csv's fname with '/' between its parts. Throws unless it stays inside the data folder. */
export function safeFileName(fname: string, where: string): string {
  const name = posix.normalize(fname.trim().replaceAll('\\', '/'));
  if (name === '.' || name === '..' || name.startsWith('../') || name.startsWith('/') || /^[a-z]:/i.test(name) || name.includes('\0')) {
    throw new AudiosslError(
      `loadDataset: ${where}: fname must be a path inside the data folder, got "${fname}"; name each recording from that folder on`,
    );
  }
  return name;
}
