// What a folder with a libtorch holds: headers, library files, release, how to compile for it.
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSharedObject, thisMachine } from './sharedObject.mjs';

/** The oldest release that the addon compiles with. */
export const oldestRelease = [1, 13];

/** A libtorch that cannot be used: the message says what was found. */
export class UnusableLibtorch extends Error {}

const extension = process.platform === 'darwin' ? 'dylib' : 'so';

/** A folder that people name may be a libtorch, the torch package of a Python, a folder of packages or a whole virtual environment. */
function candidates(folder) {
  const versions = join(folder, 'lib');
  const environment = existsSync(versions) ? readdirSync(versions).filter((name) => name.startsWith('python')) : [];
  return [folder, join(folder, 'torch'), ...environment.map((name) => join(versions, name, 'site-packages/torch'))];
}

const headersOf = (root) => join(root, 'include/torch/csrc/api/include');
/** Where the numbers of the release stand: the first in new releases, the second in old ones. */
const versionFiles = (root) => [join(root, 'include/torch/headeronly/version.h'), join(headersOf(root), 'torch/version.h')];

function releaseOf(root) {
  const text = versionFiles(root)
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const numbers = ['MAJOR', 'MINOR', 'PATCH'].map((part) => new RegExp(`^#define\\s+TORCH_VERSION_${part}\\s+(\\d+)`, 'm').exec(text)?.[1]);
  return numbers.includes(undefined) ? undefined : numbers.join('.');
}

/**
 * The libtorch in a folder. Throws an UnusableLibtorch where it is none, half of one, older than 1.13 or for another machine.
 *
 * @returns {{ root, release, include: string[], libraryFolder, libraries: string[], openMp?: string, cxxStandard, cxx11Abi?: string, stamp }}
 *   `openMp`: the OpenMP library that lies beside libtorch; undefined: the compiler's. `stamp` changes when it is replaced.
 */
export function inspectLibtorch(folder, { machine = thisMachine } = {}) {
  if (!existsSync(folder)) throw new UnusableLibtorch(`${folder} does not exist`);
  const named = candidates(folder);
  const root =
    named.find((candidate) => versionFiles(candidate).some(existsSync)) ?? named.find((candidate) => libraryIn(candidate, machine));
  if (root === undefined) throw new UnusableLibtorch(`${folder} holds no libtorch (neither its headers nor libtorch_cpu.${extension})`);
  const release = releaseOf(root);
  if (release === undefined) throw new UnusableLibtorch(`${root} holds half a libtorch: the library without its headers (include/torch)`);
  const [major, minor] = release.split('.').map(Number);
  if (major < oldestRelease[0] || (major === oldestRelease[0] && minor < oldestRelease[1])) {
    throw new UnusableLibtorch(`${root} is libtorch ${release}, which is too old: ${oldestRelease.join('.')} or newer is needed`);
  }
  const libraryFolder = libraryIn(root, machine);
  const missing = `holds half a libtorch ${release}: no lib/`;
  if (libraryFolder === undefined) throw new UnusableLibtorch(`${root} ${missing}libtorch_cpu.${extension}`);
  const libraries = ['torch_cpu', 'c10'].map((name) => join(libraryFolder, `lib${name}.${extension}`));
  for (const file of [...libraries, join(root, 'include/ATen/ATen.h'), join(root, 'include/c10/core/Allocator.h')]) {
    if (!existsSync(file)) throw new UnusableLibtorch(`${root} holds half a libtorch ${release}: no ${file.slice(root.length + 1)}`);
  }
  if (extension === 'so') for (const file of libraries) checkLibrary(file, machine);
  const beside = readdirSync(libraryFolder).find((name) => root !== '/usr' && /^lib(gomp|iomp5|omp)[^/]*\.(so|dylib)/.test(name));
  const { size, mtimeMs } = statSync(libraries[0]);
  return {
    root,
    release,
    include: [join(root, 'include'), headersOf(root)],
    libraryFolder: realpathSync(libraryFolder),
    libraries,
    openMp: beside && join(libraryFolder, beside),
    ...compilation(root, libraryFolder),
    stamp: `${release} ${size} ${mtimeMs}`,
  };
}

function libraryIn(root, machine) {
  const folders = [join(root, 'lib', `${machine}-linux-gnu`), join(root, 'lib'), join(root, 'lib64')];
  return folders.find((folder) => existsSync(join(folder, `libtorch_cpu.${extension}`)));
}

function checkLibrary(file, machine) {
  const found = readSharedObject(file);
  if (found === undefined) throw new UnusableLibtorch(`${file} is no library of Linux`);
  if (found.machine !== machine) throw new UnusableLibtorch(`${file} is for ${found.machine}, this machine is ${machine}`);
  if (!found.isWhole) throw new UnusableLibtorch(`${file} is cut short`);
}

/** C++ standard (the addon itself needs 17) and ABI as libtorch's own CMake file names them; where it names no ABI, it is the compiler's. */
function compilation(root, libraryFolder) {
  const files = [join(root, 'share/cmake/Torch/TorchConfig.cmake'), join(libraryFolder, 'cmake/Torch/TorchConfig.cmake')];
  const file = files.find((candidate) => existsSync(candidate));
  const text = file === undefined ? '' : readFileSync(file, 'utf8');
  const wanted = Number(/CXX_STANDARD (\d+)/.exec(text)?.[1] ?? 0);
  return { cxxStandard: String(Math.max(17, wanted)), cxx11Abi: /_GLIBCXX_USE_CXX11_ABI=([01])/.exec(text)?.[1] };
}
