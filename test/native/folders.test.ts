import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript of the set-up script
import folders from '../../native/setup/folders.cjs';
import { addonProblem, builtAddon } from '../../src/util/nativeAddon.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const { setupFolder, addonFolder } = folders as Record<'setupFolder' | 'addonFolder', (machine?: object) => string>;

/** A package as npm installs it, with C++ sources of this text. */
function installed(source: string): string {
  const root = temporaryFolder();
  for (const part of ['src', 'simd', 'common', 'gloo/gloo', 'frontEnd']) {
    mkdirSync(join(root, 'native', part), { recursive: true });
    writeFileSync(join(root, 'native', part, 'a.cpp'), source);
  }
  writeFileSync(join(root, 'native/CMakeLists.txt'), '');
  writeFileSync(join(root, 'package.json'), '{ "version": "1.2.3" }');
  return root;
}

const machine = { env: {}, home: '/home/me', platform: 'linux', arch: 'x64' };

describe('the folder of the addons', () => {
  it('of a clone is native/build, whatever the environment says', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'src'));
    expect(addonFolder({ ...machine, root, env: { AUDIOSSL_HOME: '/opt/audiossl' } })).toBe(join(root, 'native/build'));
  });

  it('of an installed package lies outside node_modules: AUDIOSSL_HOME, else the cache of the user', () => {
    const root = installed('int a;');
    const at = (env: object, rest = {}) => setupFolder({ ...machine, root, env, ...rest });
    expect(at({ AUDIOSSL_HOME: '/opt/audiossl', XDG_CACHE_HOME: '/caches' })).toBe('/opt/audiossl');
    expect(at({ XDG_CACHE_HOME: '/caches' })).toBe('/caches/audiossl');
    expect(at({ AUDIOSSL_HOME: '' })).toBe('/home/me/.cache/audiossl');
    expect(at({ LOCALAPPDATA: '/local' }, { platform: 'win32' })).toBe('/local/audiossl');
    expect(addonFolder({ ...machine, root })).toMatch(/^\/home\/me\/\.cache\/audiossl\/addon-linux-x64-1\.2\.3-[0-9a-f]{8}$/);
  });

  it('is another one for other sources, another platform, and the same for the same', () => {
    const [one, same, other] = [installed('int a;'), installed('int a;'), installed('int b;')].map((root) =>
      addonFolder({ ...machine, root }),
    );
    expect(same).toBe(one);
    expect(other).not.toBe(one);
    expect(addonFolder({ ...machine, root: installed('int a;'), arch: 'arm64' })).toBe(one.replace('x64', 'arm64'));
  });

  it('is where this clone looks', () => {
    expect(builtAddon('frontEnd.node')).toBe(join(addonFolder(), 'frontEnd.node'));
  });
});

describe('an addon that need not be tried', () => {
  const folder = temporaryFolder();
  const file = (name: string, ...bytes: number[]): string => {
    const path = join(folder, name);
    writeFileSync(path, Uint8Array.from([...bytes, ...new Array(40).fill(0)]));
    return path;
  };
  const elf = (machineCode: number) => [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...new Array(11).fill(0), machineCode, 0];
  const mach = (cpu: number) => [0xcf, 0xfa, 0xed, 0xfe, cpu, 0, 0, 1];

  it.each([
    [elf(0x3e), undefined],
    [elf(0xb7), /^is for linux-arm64, this is linux-x64 \(\/.*other\.node\)$/],
    [mach(7), /^is for darwin-x64, this is linux-x64/],
    [mach(12), /^is for darwin-arm64, this is linux-x64/],
    [[0x4d, 0x5a], /^is for win32-x64, this is linux-x64/],
    [[1, 2, 3], undefined],
  ])('%j', (bytes, problem) => {
    const found = addonProblem(file('other.node', ...bytes), 'linux-x64');
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
  });

  it('is not there, or there for others', () => {
    const home = temporaryFolder();
    const path = join(home, 'addon-linux-x64-1.2.3-00000000', 'audiossl.node');
    expect(addonProblem(path, 'linux-x64')).toBe('is not built');
    mkdirSync(join(home, 'addon-darwin-arm64-1.2.3-00000000'));
    mkdirSync(join(home, 'addon-linux-x64-1.2.2-00000000'));
    expect(addonProblem(path, 'linux-x64')).toBe(`is not built for linux-x64, ${home} has it for darwin-arm64`);
  });
});
