import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { writeFileAtomic } from '../util/atomicFile.js';
import { UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { makeFolder } from '../util/makeFolder.js';
import { pathExists } from './runFolder.js';

/** A module of the user's own, as a config holds it. */
interface NamedModule {
  path: string;
  sha256: string;
}

/**
 * Copies the modules that a config names into `folder`, each as `NAME.SHA.mjs` with the first 12 digits of its checksum: what a run was made
 * with can be read when the files are gone. A copy is for reading; what runs is the file at the module's path. Makes no folder where a
 * config names none.
 */
export async function keepModules(folder: string, config: unknown): Promise<void> {
  for (const { path, sha256: expected } of modulesIn(config)) {
    const extension = extname(path);
    const copy = join(folder, `${basename(path, extension)}.${expected.slice(0, 12)}${extension}`);
    if (await pathExists(copy)) continue;
    const bytes = await readFile(path);
    if (sha256(bytes) !== expected) {
      throw new UsageError(`${path}: the module has changed since the config was read; start again`);
    }
    await makeFolder(folder);
    await writeFileAtomic(copy, bytes);
  }
}

function modulesIn(value: unknown): NamedModule[] {
  if (typeof value !== 'object' || value === null) return [];
  const { name, path, sha256: sum } = value as Record<string, unknown>;
  if (name === 'module' && typeof path === 'string' && typeof sum === 'string') return [{ path, sha256: sum }];
  return Object.values(value).flatMap(modulesIn);
}
