import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareCodeUnits } from './clip.js';

/**
 * Endings that mark a file as a recording when a folder is listed. What is inside decides how it is decoded, so formats that
 * cannot be decoded stand here too: they end up in the list of rejected files with a reason instead of being overlooked.
 */
const audioEndings = /\.(wav|wave|bwf|rf64|w64|flac|ogg|oga|opus|mp3|aif|aiff|aifc|au|snd|caf|m4a|mp4|aac|wma)$/i;

/** Paths of all recordings below `dir`, relative, '/' separated, sorted by code unit. Links are followed (each folder once); names starting with '.' are skipped. */
export async function listAudioFiles(dir: string): Promise<string[]> {
  const found: string[] = [];
  const visited = new Set<string>();
  const walk = async (relative: string): Promise<void> => {
    const folder = join(dir, relative);
    const real = await realpath(folder);
    if (visited.has(real)) return;
    visited.add(real);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const child = relative === '' ? entry.name : `${relative}/${entry.name}`;
      let isFolder = entry.isDirectory();
      let isFile = entry.isFile();
      if (entry.isSymbolicLink()) {
        // A broken link counts as a file, so that reading it gives an error that names it.
        const target = await stat(join(dir, child)).catch(() => undefined);
        isFolder = target?.isDirectory() ?? false;
        isFile = !isFolder;
      }
      if (isFolder) await walk(child);
      else if (isFile && audioEndings.test(entry.name)) found.push(child);
    }
  };
  await walk('');
  return found.sort(compareCodeUnits);
}
