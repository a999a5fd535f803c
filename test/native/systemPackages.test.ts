import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript without types: it runs before anything is installed
import { installPackages, missingPackages } from '../../native/setup/systemPackages.mjs';

interface Machine {
  files?: string[];
  commands?: string[];
  isRoot?: boolean;
  env?: Record<string, string>;
  /** Runs of `apt-get install` that name one of these fail. */
  unknown?: string[];
  /** Fails installs until `apt-get update` was run. */
  hasOldLists?: boolean;
  sudoAsks?: boolean;
}

/** A machine that only notes what would be run on it. */
function machine({ files = [], commands = [], isRoot = true, env = {}, unknown = [], hasOldLists = false, sudoAsks = false }: Machine) {
  const runs: string[] = [];
  const said: string[] = [];
  let isUpdated = false;
  const system = {
    env,
    platform: 'linux',
    isRoot,
    exists: (file: string) => files.includes(file),
    list: (folder: string) => [
      ...new Set(files.filter((file) => file.startsWith(`${folder}/`)).map((file) => file.slice(folder.length + 1).split('/')[0])),
    ],
    hasCommand: (name: string) => commands.includes(name),
    run: (command: string, args: string[]) => {
      const line = [command, ...args].join(' ');
      runs.push(line.replace('-q -o DPkg::Lock::Timeout=300 ', ''));
      if (line.endsWith('update')) isUpdated = true;
      const isRefused = command === 'sudo' && sudoAsks;
      const fails = line.includes('install') && ((hasOldLists && !isUpdated) || unknown.some((name) => args.includes(name)));
      return { isOk: !isRefused && !fails, log: fails ? 'E: Unable to locate package' : '', seconds: 1 };
    },
    say: (line: string) => said.push(line),
  };
  return { system, runs, said };
}

const lists = '/var/lib/apt/lists/debian_main_Packages.lz4';
const install = 'apt-get install -y --no-install-recommends';

describe('missingPackages', () => {
  it('names all five on a bare machine', () => {
    expect(missingPackages({ purpose: 'debian libtorch', system: machine({}).system })).toEqual([
      'libtorch-dev',
      'libopenblas0-openmp',
      'libdnnl-dev',
      'cmake',
      'g++',
    ]);
  });

  it('names none where everything is there, whatever the architecture', () => {
    const files = [
      '/usr/lib/aarch64-linux-gnu/libtorch_cpu.so',
      '/usr/include/ATen/ATen.h',
      '/usr/lib/aarch64-linux-gnu/openblas-openmp/libopenblas.so.0',
      '/usr/include/oneapi/dnnl/dnnl.hpp',
    ];
    expect(missingPackages({ purpose: 'debian libtorch', system: machine({ files, commands: ['cmake', 'c++'] }).system })).toEqual([]);
  });

  it("wants the headers too: python3-torch brings Debian's library without them", () => {
    const files = ['/usr/lib/x86_64-linux-gnu/libtorch_cpu.so'];
    expect(missingPackages({ purpose: 'debian libtorch', system: machine({ files }).system })).toContain('libtorch-dev');
  });

  it('takes a libtorch from elsewhere', () => {
    expect(missingPackages({ purpose: 'other libtorch', system: machine({ commands: ['g++'] }).system })).toEqual(['cmake']);
  });

  it('names what the optional tests need', () => {
    const { system } = machine({ commands: ['chromium', 'sox'], files: ['/usr/lib/python3/dist-packages/torch'] });
    expect(missingPackages({ purpose: 'tests', system })).toEqual(['python3-torchvision', 'python3-scipy', 'ffmpeg']);
  });
});

describe('installPackages', () => {
  it('runs nothing when nothing is missing', () => {
    const { system, runs, said } = machine({ commands: ['apt-get'] });
    expect(installPackages([], { system })).toBe(true);
    expect([...runs, ...said]).toEqual([]);
  });

  it('updates the lists first on a machine that has none', () => {
    const { system, runs } = machine({ commands: ['apt-get'] });
    expect(installPackages(['cmake'], { system })).toBe(true);
    expect(runs).toEqual(['apt-get update', `${install} cmake`]);
  });

  it('does not update good lists, and updates old ones once', () => {
    const good = machine({ commands: ['apt-get'], files: [lists] });
    expect(installPackages(['cmake'], { system: good.system })).toBe(true);
    expect(good.runs).toEqual([`${install} cmake`]);
    const old = machine({ commands: ['apt-get'], files: [lists], hasOldLists: true });
    expect(installPackages(['cmake'], { system: old.system })).toBe(true);
    expect(old.runs).toEqual([`${install} cmake`, 'apt-get update', `${install} cmake`]);
  });

  it('installs the others when one is unknown, and says which', () => {
    const { system, runs, said } = machine({ commands: ['apt-get'], unknown: ['libtorch-dev'] });
    expect(installPackages(['libtorch-dev', 'cmake'], { system })).toBe(false);
    expect(runs.slice(-2)).toEqual([`${install} libtorch-dev`, `${install} cmake`]);
    expect(said.slice(1)).toEqual([
      'not installed: libtorch-dev; apt-get install said\n    E: Unable to locate package',
      'installed cmake (1 s)',
    ]);
  });

  it('uses a sudo that asks for no password, and only such a one', () => {
    const free = machine({ commands: ['apt-get', 'sudo'], isRoot: false, files: [lists] });
    expect(installPackages(['cmake'], { system: free.system })).toBe(true);
    expect(free.runs).toEqual(['sudo -n true', `sudo -n env DEBIAN_FRONTEND=noninteractive ${install} cmake`]);
    const asking = machine({ commands: ['apt-get', 'sudo'], isRoot: false, sudoAsks: true });
    expect(installPackages(['cmake'], { system: asking.system })).toBe(false);
    expect(asking.runs).toEqual(['sudo -n true']);
    expect(asking.said).toEqual([
      'not installed: cmake (neither root nor sudo without a password: sudo apt-get install them, then run this again)',
    ]);
  });

  it('leaves a machine alone that it may not or cannot touch, with one line', () => {
    const off = machine({ commands: ['apt-get'] });
    expect(installPackages(['cmake'], { isAllowed: false, system: off.system })).toBe(false);
    const none = machine({});
    expect(installPackages(['cmake'], { system: none.system })).toBe(false);
    expect([...off.runs, ...none.runs]).toEqual([]);
    expect(off.said).toEqual(['not installed: cmake (system packages are switched off)']);
    expect(none.said).toEqual([
      'not installed: cmake (no apt-get here: install cmake and a C++ compiler, then npm run setup -- --libtorch pypi)',
    ]);
  });
});
