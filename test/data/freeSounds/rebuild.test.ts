import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const script = fileURLToPath(new URL('../../../data/freeSounds/rebuild.mjs', import.meta.url));
const listed = readFileSync(fileURLToPath(new URL('../../../data/freeSounds/clips.csv', import.meta.url)), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [fname = '', name = '', version = '', path = ''] = line.split(',');
    return { fname, name, version, path };
  });
const rowsOf = (name: string) => listed.filter((row) => row.name === name);
const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0;

/** A .deb with the recordings of `name` that the list names, each holding its own path as text; some may be left out. */
function makePackage(name: string, file: string, without: string[] = []) {
  const root = temporaryFolder();
  const put = (path: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  };
  const archives = new Map<string, Record<string, Uint8Array>>();
  for (const { path } of rowsOf(name)) {
    if (without.includes(path)) continue;
    const [outer = '', member] = path.split(':');
    if (member === undefined) put(outer, path);
    else archives.set(outer, { ...archives.get(outer), [member]: new TextEncoder().encode(path) });
  }
  for (const [outer, members] of archives) put(outer, zipSync(members));
  put(`usr/share/doc/${name}/copyright`, `licence of ${name}`);
  put('DEBIAN/control', `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: test\n`);
  execFileSync('dpkg-deb', ['--build', '-Znone', root, file], { stdio: 'ignore' });
}

/** A folder of commands with an apt-get that copies packages from a folder; a version in `gone` is not to be had. */
function fakeArchive(packages: string, gone = '') {
  const bin = temporaryFolder();
  const lines = [
    '#!/bin/sh',
    `case "$2" in *=${gone || 'none'}) exit 100;; esac`,
    `echo "$2" >> ${packages}/asked`,
    `cp "${packages}/$(echo "$2" | cut -d= -f1).deb" .`,
  ];
  writeFileSync(join(bin, 'apt-get'), `${lines.join('\n')}\n`);
  chmodSync(join(bin, 'apt-get'), 0o755);
  return bin;
}

function rebuild(args: string[], bin: string) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

describe.skipIf(!hasDpkg)('data/freeSounds/rebuild.mjs (needs dpkg-deb)', () => {
  const packages = temporaryFolder();
  beforeAll(() => {
    for (const name of ['pingus-data', 'openarena-data']) makePackage(name, join(packages, `${name}.deb`));
  });

  it('copies every recording of a package under its number, members of zip archives too', () => {
    const out = temporaryFolder();
    const { status } = rebuild([out, '--packages', 'pingus-data,openarena-data'], fakeArchive(packages));
    expect(status).toBe(0);
    const rows = [...rowsOf('openarena-data'), ...rowsOf('pingus-data')];
    expect(readdirSync(join(out, 'audio'))).toHaveLength(rows.length);
    const table = readFileSync(join(out, 'clips.csv'), 'utf8').trim().split('\n').slice(1);
    expect(table).toHaveLength(rows.length);
    for (const line of table) {
      const [fname = '', , , path = ''] = line.split(',');
      expect(readFileSync(join(out, 'audio', fname), 'utf8')).toBe(path);
    }
    expect(readFileSync(join(out, 'licences/pingus-data.copyright'), 'utf8')).toBe('licence of pingus-data');
  });

  it('asks again only for packages of which something is missing', () => {
    const out = temporaryFolder();
    const bin = fakeArchive(packages);
    rebuild([out, '--packages', 'pingus-data,openarena-data'], bin);
    rmSync(join(packages, 'asked'));
    rmSync(join(out, 'audio', readdirSync(join(out, 'audio')).at(-1) ?? ''));
    rebuild([out, '--packages', 'pingus-data,openarena-data'], bin);
    expect(readFileSync(join(packages, 'asked'), 'utf8').trim().split('\n')).toEqual([`pingus-data=${rowsOf('pingus-data')[0]?.version}`]);
  });

  it('takes the present version where the listed one is gone, and says so', () => {
    const version = rowsOf('pingus-data')[0]?.version ?? '';
    const { status, stderr } = rebuild([temporaryFolder(), '--packages', 'pingus-data'], fakeArchive(packages, version));
    expect(status).toBe(0);
    expect(stderr).toBe(`rebuild: pingus-data ${version} is not in the archive any more, its present version is taken\n`);
  });

  it('ends with 1 and names the first recording that its package does not have', () => {
    const changed = temporaryFolder();
    const gone = rowsOf('pingus-data')[2]?.path ?? '';
    makePackage('pingus-data', join(changed, 'pingus-data.deb'), [gone]);
    const out = temporaryFolder();
    const { status, stderr } = rebuild([out, '--packages', 'pingus-data'], fakeArchive(changed));
    expect(status).toBe(1);
    expect(stderr).toBe(`rebuild: 1 recordings are not in their packages any more, the first: pingus-data: ${gone}\n`);
    expect(existsSync(join(out, 'clips.csv'))).toBe(true);
  });

  it('refuses an unknown package and a missing folder with 2', () => {
    expect(rebuild([temporaryFolder(), '--packages', 'nope'], '')).toMatchObject({ status: 2 });
    expect(rebuild([], '')).toMatchObject({ status: 2, stderr: expect.stringContaining('give one folder') });
  });
});
