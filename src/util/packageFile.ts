import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

let folder: string | undefined;

/** A file of the package by its path in it: the same from `src/`, from `dist/` and from the bundle. */
export function packageFile(...path: string[]): string {
  folder ??= folderWithPackageJson(dirname(fileURLToPath(import.meta.url)));
  return join(folder, ...path);
}

/** URL of a module that runs on its own, a worker thread or the command line: what the bundle has of it, as only JavaScript can be run. */
export function runnableModule(name: 'cli/main.js' | 'data/clipWorker.js'): URL {
  return pathToFileURL(packageFile('dist', 'bundle', name));
}

function folderWithPackageJson(start: string): string {
  return existsSync(join(start, 'package.json')) ? start : folderWithPackageJson(dirname(start));
}
