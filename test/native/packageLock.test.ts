import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  version: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const { packages } = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')) as { packages: Record<string, LockedPackage> };

/** Where Node finds `name` from the package at `path`: in its own node_modules, or in one above. */
function resolveFrom(path: string, name: string): string | undefined {
  const candidate = `${path === '' ? '' : `${path}/`}node_modules/${name}`;
  if (candidate in packages) return candidate;
  if (path === '') return undefined;
  const above = path.lastIndexOf('/node_modules/');
  return resolveFrom(above < 0 ? '' : path.slice(0, above), name);
}

describe('package-lock.json', () => {
  // npm ci refuses a lock file that leaves out packages for other machines, and npm install leaves out those that a registry does not have.
  it('names every package that another asks for, those for other machines too', () => {
    const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => resolveFrom(path, name) === undefined)
        .map((name) => `${path === '' ? 'audiossl' : path} asks for ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('belongs to package.json', () => {
    const wanted = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    for (const kind of ['version', 'dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'])
      expect(packages['']).toHaveProperty(kind, wanted[kind]);
  });

  it('names no registry, so that it serves behind any mirror', () => {
    expect(Object.values(packages).filter((entry) => 'resolved' in entry)).toEqual([]);
  });
});
