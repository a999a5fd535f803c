// Which Debian packages are missing, and installing them where that is possible without asking anybody.
import { existsSync, readdirSync } from 'node:fs';
import { hasCommand, lastLines, run, say } from './run.mjs';

const pythonPackages = '/usr/lib/python3/dist-packages';

/** package -> is it there? Told by files and programs, not by dpkg: a compiler from elsewhere will do too. */
const buildPackages = {
  cmake: (system) => system.hasCommand('cmake'),
  'g++': (system) => ['c++', 'g++', 'clang++'].some(system.hasCommand),
};

/** Where the libtorch is Debian's. */
const libtorchPackages = {
  'libtorch-dev': (system) => inLibraryFolders(system, 'libtorch_cpu.so') && system.exists('/usr/include/ATen/ATen.h'),
  'libopenblas0-openmp': (system) => inLibraryFolders(system, 'openblas-openmp/libopenblas.so.0'),
  // The headers of the oneDNN that Debian's libtorch loads; the addon builds without them, slower.
  'libdnnl-dev': (system) => system.exists('/usr/include/oneapi/dnnl/dnnl.hpp'),
};

/** What some tests compare with or look through; without them these tests skip. */
const testPackages = {
  'python3-torch': (system) => system.exists(`${pythonPackages}/torch`),
  'python3-torchvision': (system) => system.exists(`${pythonPackages}/torchvision`),
  'python3-scipy': (system) => system.exists(`${pythonPackages}/scipy`),
  chromium: (system) => ['chromium', 'chromium-browser', 'google-chrome'].some(system.hasCommand),
  ffmpeg: (system) => system.hasCommand('ffmpeg'),
  sox: (system) => system.hasCommand('sox'),
};

/** What this looks at of the machine; the tests pass one of their own. */
export const thisSystem = {
  env: process.env,
  platform: process.platform,
  isRoot: process.getuid?.() === 0,
  exists: existsSync,
  list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
  hasCommand: (name) => hasCommand(name),
  run,
  say,
};

function inLibraryFolders(system, file) {
  return system.list('/usr/lib').some((folder) => system.exists(`/usr/lib/${folder}/${file}`));
}

const packagesOf = {
  'debian libtorch': { ...libtorchPackages, ...buildPackages },
  'other libtorch': buildPackages,
  tests: testPackages,
};

/** Names of the missing packages that `purpose` needs: a backend on Debian's libtorch, one on another, or the optional tests. */
export function missingPackages({ purpose, system = thisSystem }) {
  const wanted = packagesOf[purpose];
  return Object.keys(wanted).filter((name) => !wanted[name](system));
}

/**
 * Installs packages with apt-get, as root or through a sudo that asks for no password. Never fatal: everything works without them,
 * slower or with tests skipped, and one line says what to do.
 */
export function installPackages(names, { isAllowed = true, system = thisSystem } = {}) {
  if (names.length === 0) return true;
  const refusal = reasonNotToInstall({ isAllowed, system });
  if (refusal !== undefined) {
    system.say(`not installed: ${names.join(' ')} (${refusal})`);
    return false;
  }
  const apt = (...args) => {
    const command = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args];
    const environment = { DEBIAN_FRONTEND: 'noninteractive' };
    if (system.isRoot) return system.run(command[0], command.slice(1), { env: environment });
    return system.run('sudo', ['-n', 'env', 'DEBIAN_FRONTEND=noninteractive', ...command]);
  };
  const install = (wanted) => apt('install', '-y', '--no-install-recommends', ...wanted);
  system.say(`installing ${names.join(' ')} with apt-get (some minutes the first time) ...`);
  // A new machine has no package lists, and old lists name files that are gone: bring them up to date when they are missing or fail.
  const hasLists = system.list('/var/lib/apt/lists').some((file) => /_Packages(\.|$)/.test(file));
  if (!hasLists) apt('update');
  let result = install(names);
  if (!result.isOk && hasLists) {
    apt('update');
    result = install(names);
  }
  // One name that this release does not know must not keep the others out.
  if (!result.isOk && names.length > 1) return names.map((name) => tell(name, install([name]), system)).every(Boolean);
  return tell(names.join(' '), result, system);
}

function tell(names, result, system) {
  if (result.isOk) system.say(`installed ${names} (${result.seconds.toFixed(0)} s)`);
  else system.say(`not installed: ${names}; apt-get install said\n${lastLines(result.log, 4)}`);
  return result.isOk;
}

function reasonNotToInstall({ isAllowed, system }) {
  if (!isAllowed) return 'system packages are switched off';
  if (!system.hasCommand('apt-get')) {
    const macos = 'brew install pytorch cmake, then LIBTORCH=$(brew --prefix pytorch) npm run setup; untested';
    return system.platform === 'darwin'
      ? macos
      : 'no apt-get here: install cmake and a C++ compiler, then npm run setup -- --libtorch pypi';
  }
  if (system.isRoot) return undefined;
  if (system.hasCommand('sudo') && system.run('sudo', ['-n', 'true']).isOk) return undefined;
  return 'neither root nor sudo without a password: sudo apt-get install them, then run this again';
}
