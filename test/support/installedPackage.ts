import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './temporaryFolder.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface PackedFile {
  path: string;
  size: number;
}

/** What `npm pack` would put into the tarball. */
export function packedFiles(): PackedFile[] {
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  return (JSON.parse(stdout) as { files: PackedFile[] }[])[0].files;
}

/** A project with the packed files in node_modules/audiossl and its dependencies beside it, as npm lays them out; the path of the project. */
export function installedPackage(files: readonly PackedFile[]): string {
  const project = temporaryFolder();
  const modules = join(project, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const { path } of files) cpSync(join(root, path), join(modules, 'audiossl', path));
  return project;
}
