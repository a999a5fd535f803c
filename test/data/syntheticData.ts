import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { wav } from '../support/wavFile.mjs';

export { wav };

/** A folder that holds the files given (path -> content). What a test puts beside it goes away with it. */
export async function folderWith(files: Record<string, string | Uint8Array> = {}): Promise<string> {
  const dir = join(temporaryFolder(), 'data');
  await mkdir(dir);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  return dir;
}

/** A tone of its own frequency. */
export function tone(hertz: number, seconds = 0.4): Uint8Array {
  return wav(Math.round(22050 * seconds), (n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / 22050));
}
