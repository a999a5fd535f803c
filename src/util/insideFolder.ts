import { isAbsolute, relative, resolve, sep } from 'node:path';

/** Path of the recording that an id names in a folder; undefined for an id that leaves the folder, whatever a file of ids says. */
export function insideFolder(dir: string, id: string): string | undefined {
  const path = resolve(dir, id);
  const way = relative(resolve(dir), path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : path;
}
