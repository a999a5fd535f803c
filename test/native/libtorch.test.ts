import { appendFileSync, existsSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript without types: it runs before anything is installed
import { fetchPypi } from '../../native/setup/fetchPypi.mjs';
// @ts-expect-error
import { findLibtorch, rememberChoice } from '../../native/setup/findLibtorch.mjs';
// @ts-expect-error
import { inspectLibtorch } from '../../native/setup/inspectLibtorch.mjs';
// @ts-expect-error
import { proveAddon } from '../../native/setup/proveAddon.mjs';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
let count = 0;

function write(file: string, text: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** A header of an ELF file of 64 bits, with nothing behind it, for x86-64 (62) or aarch64 (183). */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header.set([2, 1, 1], 4);
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(64n, 40);
  header.writeUInt16LE(64, 58);
  return header;
}

interface FakeOptions {
  release?: string;
  machine?: number;
  without?: string;
  cmake?: string;
}

/** A folder that looks like a libtorch. */
function fakeLibtorch({ release = '2.13.0', machine = 62, without, cmake = '' }: FakeOptions = {}): string {
  const root = join(folder, `libtorch${count++}`);
  const [major, minor, patch] = release.split('.');
  const numbers = `#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH ${patch}\n`;
  write(join(root, 'include/torch/csrc/api/include/torch/version.h'), numbers);
  write(join(root, 'include/ATen/ATen.h'), '');
  write(join(root, 'include/c10/core/Allocator.h'), '');
  write(join(root, 'lib/libtorch_cpu.so'), elf(machine));
  write(join(root, 'lib/libc10.so'), elf(machine));
  write(join(root, 'share/cmake/Torch/TorchConfig.cmake'), cmake);
  if (without !== undefined) rmSync(join(root, without));
  return root;
}

const inspect = (root: string) => inspectLibtorch(root, { machine: 'x86_64' });

describe('inspectLibtorch', () => {
  it('reads release, files and how to compile', () => {
    const root = fakeLibtorch({ cmake: 'CXX_STANDARD 20\nset(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=0")' });
    write(join(root, 'lib/libgomp-a34b3233.so.1'), '');
    expect(inspect(root)).toMatchObject({
      root,
      release: '2.13.0',
      libraries: [join(root, 'lib/libtorch_cpu.so'), join(root, 'lib/libc10.so')],
      openMp: join(root, 'lib/libgomp-a34b3233.so.1'),
      cxxStandard: '20',
      cxx11Abi: '0',
    });
    // 1.13's own CMake files ask for C++14, which the addon is not.
    expect(inspect(fakeLibtorch({ cmake: 'CXX_STANDARD 14' }))).toMatchObject({
      cxxStandard: '17',
      cxx11Abi: undefined,
      openMp: undefined,
    });
  });

  it('takes the virtual environment or the folder of packages that a PyTorch lies in', () => {
    const environment = join(folder, 'environment');
    const packages = join(environment, 'lib/python3.11/site-packages');
    mkdirSync(packages, { recursive: true });
    symlinkSync(fakeLibtorch(), join(packages, 'torch'));
    for (const named of [environment, packages, join(packages, 'torch')]) expect(inspect(named).root).toBe(join(packages, 'torch'));
  });

  it('changes its stamp when the library is replaced', () => {
    const root = fakeLibtorch();
    const before = inspect(root).stamp;
    appendFileSync(join(root, 'lib/libtorch_cpu.so'), 'x');
    expect(inspect(root).stamp).not.toBe(before);
  });

  it.each([
    ['of another machine', () => fakeLibtorch({ machine: 183 }), /libtorch_cpu\.so is for aarch64, this machine is x86_64$/],
    [
      'without its library',
      () => fakeLibtorch({ without: 'lib/libtorch_cpu.so' }),
      /holds half a libtorch 2\.13\.0: no lib\/libtorch_cpu\.so$/,
    ],
    ['without one of two', () => fakeLibtorch({ without: 'lib/libc10.so' }), /holds half a libtorch 2\.13\.0: no lib\/libc10\.so$/],
    ['without a header', () => fakeLibtorch({ without: 'include/ATen/ATen.h' }), /half a libtorch 2\.13\.0: no include\/ATen\/ATen\.h$/],
    [
      'without headers',
      () => fakeLibtorch({ without: 'include/torch/csrc/api/include/torch/version.h' }),
      /half a libtorch: the library without its headers \(include\/torch\)$/,
    ],
    ['older than 1.13', () => fakeLibtorch({ release: '1.12.1' }), /is libtorch 1\.12\.1, which is too old: 1\.13 or newer is needed$/],
    ['that is none', () => dirname(fakeLibtorch()), /holds no libtorch/],
    ['that is not there', () => join(folder, 'absent'), /absent does not exist$/],
  ])('says of one %s in one line what is wrong', (_, make, message) => {
    expect(() => inspect(make())).toThrow(message);
  });

  it('tells a library that was cut short while it was copied, and one that is a text', () => {
    const cut = fakeLibtorch();
    const whole = elf(62);
    whole.writeUInt16LE(30, 60); // a table of 30 sections, at the end of the file
    write(join(cut, 'lib/libtorch_cpu.so'), whole);
    expect(() => inspect(cut)).toThrow(/libtorch_cpu\.so is cut short$/);
    appendFileSync(join(cut, 'lib/libtorch_cpu.so'), Buffer.alloc(30 * 64));
    expect(inspect(cut).release).toBe('2.13.0');
    truncateSync(join(cut, 'lib/libtorch_cpu.so'), 64 + 30 * 64 - 1);
    expect(() => inspect(cut)).toThrow(/is cut short$/);
    write(join(cut, 'lib/libtorch_cpu.so'), 'version https://git-lfs.github.com/spec/v1');
    expect(() => inspect(cut)).toThrow(/is no library of Linux$/);
  });
});

interface Machine {
  env?: Record<string, string>;
  /** python -> folder of its torch */
  pythons?: Record<string, string>;
  hasDebians?: boolean;
}

/** A machine whose Debian packages and pythons are told; folders are real. */
function machine({ env = {}, pythons = {}, hasDebians = false }: Machine) {
  const said: string[] = [];
  const debians = '/usr/lib/x86_64-linux-gnu/libtorch_cpu.so';
  const system = {
    env,
    machine: 'x86_64',
    choiceFile: join(folder, `choice${count++}.json`),
    pypiFolder: join(folder, 'not fetched'),
    exists: (file: string) => (file === debians ? hasDebians : existsSync(file)),
    run: (python: string) => ({ isOk: python in pythons, log: `${pythons[python]}\n`, seconds: 0 }),
    say: (line: string) => said.push(line),
    inspect: (root: string) => (root === '/usr' ? { root, release: '1.13.0' } : inspect(root)),
  };
  return { system, said };
}

describe('findLibtorch', () => {
  it('takes LIBTORCH, then the active environment’s PyTorch, then that of python3, then Debian’s', () => {
    const [named, active, global] = [fakeLibtorch(), fakeLibtorch(), fakeLibtorch()];
    const pythons = { '/env/bin/python': active, python3: global };
    const root = (options: Machine) => findLibtorch(machine(options))?.root;
    expect(root({ env: { LIBTORCH: named, VIRTUAL_ENV: '/env' }, pythons, hasDebians: true })).toBe(named);
    expect(root({ env: { VIRTUAL_ENV: '/env' }, pythons, hasDebians: true })).toBe(active);
    expect(root({ pythons, hasDebians: true })).toBe(global);
    expect(root({ hasDebians: true })).toBe('/usr');
    expect(root({})).toBeUndefined();
  });

  it('remembers what was chosen, which LIBTORCH overrides', () => {
    const { system } = machine({ pythons: { python3: fakeLibtorch() }, hasDebians: true });
    rememberChoice('debian', system);
    expect(findLibtorch({ system }).root).toBe('/usr');
    const named = fakeLibtorch();
    expect(findLibtorch({ system: { ...system, env: { LIBTORCH: named } } }).root).toBe(named);
    const folderOfMine = fakeLibtorch();
    rememberChoice(folderOfMine, system);
    expect(findLibtorch({ system }).root).toBe(folderOfMine);
  });

  it('passes over what it only found and cannot use, with a line', () => {
    const old = fakeLibtorch({ release: '1.12.1' });
    const { system, said } = machine({ pythons: { python3: old }, hasDebians: true });
    expect(findLibtorch({ system }).root).toBe('/usr');
    expect(said).toEqual([`passed over the PyTorch of python3: ${old} is libtorch 1.12.1, which is too old: 1.13 or newer is needed`]);
    // Debian's python3-torch has no headers, which is no fault of its own.
    const bare = machine({ pythons: { python3: '/usr/lib/python3/dist-packages/torch' }, hasDebians: true });
    expect(findLibtorch({ system: { ...bare.system, exists: (file: string) => file.endsWith('libtorch_cpu.so') } }).root).toBe('/usr');
    expect(bare.said).toEqual([]);
  });

  it('refuses what was named and cannot be used, with what to do', () => {
    const arm = fakeLibtorch({ machine: 183 });
    expect(() => findLibtorch(machine({ env: { LIBTORCH: arm }, hasDebians: true }))).toThrow(
      /^LIBTORCH=\S+: \S+ is for aarch64, this machine is x86_64; point LIBTORCH at another, or `unset LIBTORCH && npm run setup`$/,
    );
    const { system } = machine({});
    expect(() => findLibtorch({ system, choice: 'pypi' })).toThrow(/2\.13\.0 is not fetched; `npm run setup -- --libtorch pypi`$/);
    expect(() => findLibtorch({ system, choice: 'debian' })).toThrow(/libtorch-dev is not installed; `apt-get install libtorch-dev /);
    expect(() => findLibtorch({ system, choice: join(folder, 'absent') })).toThrow(/does not exist; `npm run setup -- --libtorch debian`/);
  });

  it('refuses two that are named at once', () => {
    const { system } = machine({ env: { LIBTORCH: '/one' }, hasDebians: true });
    expect(() => findLibtorch({ system, choice: 'debian' })).toThrow(
      '--libtorch debian and LIBTORCH=/one name two libtorchs: leave one out (`unset LIBTORCH`)',
    );
  });
});

describe('proveAddon', () => {
  const torch = inspect(fakeLibtorch());
  const facts = { headers: '2.13.0', libtorch: '2.13.0', libtorchFile: torch.libraries[0], openMp: '/lib/libgomp.so.1' };
  const prove = (changed: object, threads = 2) =>
    proveAddon('addon', torch, { load: () => ({ facts: { ...facts, ...changed }, threads }) });

  it('accepts one release, one OpenMP library and the threads that were asked for', () => {
    expect(prove({})).toBeUndefined();
  });

  it.each([
    [
      { libtorch: '1.13.0', libtorchFile: '/usr/lib/libtorch_cpu.so' },
      2,
      /headers in .* are of libtorch 2\.13\.0, the library that was loaded is 1\.13\.0/,
    ],
    [{ libtorchFile: inspect(fakeLibtorch()).libraries[0] }, 2, /^built with libtorch of \S+, but \S+ was loaded$/],
    [
      { openMp: '/lib/libgomp.so.1;/opt/libiomp5.so' },
      2,
      /^one OpenMP library must be loaded, got \/lib\/libgomp\.so\.1 and \/opt\/libiomp5\.so$/,
    ],
    [{}, 1, /^loops must run in 2 threads when 2 are set, got 1$/],
  ])('refuses %j with %d threads', (changed, threads, message) => {
    expect(prove(changed, threads)).toMatch(message);
  });

  it('says why an addon does not load', () => {
    const broken = join(folder, 'broken.node');
    writeFileSync(broken, 'no addon');
    expect(proveAddon(broken, torch)).toMatch(/^the addon does not load with libtorch 2\.13\.0 of \S+: Error: \S+broken\.node: .*$/);
  });
});

describe('fetchPypi', () => {
  /** A pip that unpacks a PyTorch, for CUDA where that is named. */
  function pip({ cuda, fails = false }: { cuda?: string; fails?: boolean } = {}) {
    const commands: string[] = [];
    const start = (python: string, args: string[]) => {
      if (args.includes('--version')) return { isOk: python === 'python3', log: '', seconds: 0 };
      const target = args[args.indexOf('--target') + 1];
      commands.push(args.slice(args.indexOf('--target') + 2).join(' '));
      write(join(target, 'torch/half'), '');
      if (fails) return { isOk: false, log: 'noise\nERROR: No matching distribution found for torch', seconds: 1 };
      if (!args.includes('torch==2.13.0')) return { isOk: true, log: '', seconds: 1 };
      write(join(target, 'torch/lib/libtorch_cpu.so'), '');
      write(join(target, 'torch/lib/libtorch_cuda.so'), '');
      write(join(target, 'torch/version.py'), cuda === undefined ? 'cuda: Optional[str] = None\n' : `cuda: Optional[str] = '${cuda}'\n`);
      return { isOk: true, log: '', seconds: 1 };
    };
    return { start, commands, folder: join(folder, `pypi${count++}/torch`), tell: () => {}, release: '2.13.0' };
  }

  it('fetches PyTorch alone, once', () => {
    const it = pip();
    expect([fetchPypi(it), fetchPypi(it)]).toEqual([undefined, undefined]);
    expect(it.commands).toEqual(['torch==2.13.0']);
    expect(existsSync(join(it.folder, 'torch/lib/libtorch_cpu.so'))).toBe(true);
  });

  it.each([
    ['13.0', 'nvidia-cuda-runtime==13.0.* nvidia-cuda-cupti==13.0.*'],
    ['12.8', 'nvidia-cuda-runtime-cu12==12.8.* nvidia-cuda-cupti-cu12==12.8.*'],
  ])('of a build for CUDA %s it takes the two libraries that the CPU side loads, and leaves out the GPU side', (cuda, packages) => {
    const it = pip({ cuda });
    expect(fetchPypi(it)).toBeUndefined();
    expect(it.commands).toEqual(['torch==2.13.0', packages]);
    expect(existsSync(join(it.folder, 'torch/lib/libtorch_cuda.so'))).toBe(false);
  });

  it('leaves nothing behind where pip fails, and says why', () => {
    const it = pip({ fails: true });
    expect(fetchPypi(it)).toBe('pip could not fetch torch 2.13.0: ERROR: No matching distribution found for torch');
    expect([it.folder, `${it.folder}.partial`].filter(existsSync)).toEqual([]);
    const without = { ...pip(), start: () => ({ isOk: false, log: '', seconds: 0 }) };
    expect(fetchPypi(without)).toBe('python3 with pip is needed; `apt-get install python3-pip`');
  });
});
