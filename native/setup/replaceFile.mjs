import { renameSync } from 'node:fs';

/**
 * Puts a file in the place of another whole: under a new name first, so that a process that has the old one loaded keeps it and a kill leaves
 * no half one.
 * @param {string} file
 * @param {(fresh: string) => void} write writes the file of that name
 */
export function replaceFile(file, write) {
  const fresh = `${file}.new`;
  write(fresh);
  renameSync(fresh, file);
}
