#!/usr/bin/env node
// Builds the native addon: `node native/build.mjs [--libtorch pypi|debian|FOLDER] [--beside] [--force] [--sanitize=address]`.
// Quick when nothing changed, and when it goes back to a libtorch that it was built with before: each has a folder of its own.
//
// --beside leaves the addon in use alone and prints the path of the one that was built. Which libtorch is taken: setup/findLibtorch.mjs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findLibtorch, noLibtorch } from './setup/findLibtorch.mjs';
import folders from './setup/folders.cjs';
import { UnusableLibtorch } from './setup/inspectLibtorch.mjs';
import { proveAddon } from './setup/proveAddon.mjs';
import { replaceFile } from './setup/replaceFile.mjs';
import { thisMachine } from './setup/sharedObject.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    libtorch: { type: 'string' },
    beside: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
    // A build with a sanitiser lies beside the usual one: see README.md for its use.
    sanitize: { type: 'string', default: '' },
  },
});

function fail(message) {
  console.error(`native/build.mjs: ${message}`);
  process.exit(1);
}

function torchToUse() {
  try {
    return findLibtorch({ choice: options.libtorch }) ?? fail(noLibtorch);
  } catch (error) {
    if (error instanceof UnusableLibtorch) return fail(error.message);
    throw error;
  }
}

const hash = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest('hex');

/** oneDNN itself, where it is the one that libtorch loads: Debian's, with libdnnl-dev. PyTorch's wheels keep theirs to themselves. */
function oneDnnOf(torch) {
  const library = `/usr/lib/${thisMachine}-linux-gnu/libdnnl.so`;
  return torch.root === '/usr' && existsSync('/usr/include/oneapi/dnnl/dnnl.hpp') && existsSync(library) ? library : '';
}

/** Gloo, where it is a library of its own: Debian's. PyTorch's wheels have it inside. */
function glooOf(torch) {
  const library = `/usr/lib/${thisMachine}-linux-gnu/libgloo.so.0`;
  return torch.root === '/usr' && existsSync(library) ? library : '';
}

/** What the addon is made of: if this is unchanged, so is the addon. */
function fingerprint(torch, oneDnn) {
  const files = [
    'CMakeLists.txt',
    ...['src', 'simd', 'common', 'gloo'].flatMap((folder) =>
      readdirSync(join(here, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, path, name }) => relative(here, join(parentPath ?? path, name))),
    ),
  ];
  const { root, stamp, cxxStandard, cxx11Abi, openMp } = torch;
  const facts = JSON.stringify([root, stamp, cxxStandard, cxx11Abi, openMp, oneDnn, gloo, options.sanitize, process.arch]);
  return hash(facts, ...files.sort().flatMap((file) => [file, readFileSync(join(here, file))]));
}

// The front end's addon needs no libtorch, so it comes first, and this build goes on without it.
if (options.sanitize === '' && !options.beside) spawnSync(process.execPath, [join(here, 'buildFrontEnd.mjs')], { stdio: 'inherit' });
const torch = torchToUse();
const oneDnn = oneDnnOf(torch);
const gloo = glooOf(torch);
const stamp = fingerprint(torch, oneDnn);
const builds = folders.addonFolder();
const active = join(builds, options.sanitize);
const out = options.sanitize ? active : join(builds, `libtorch-${torch.release}-${hash(torch.root).slice(0, 8)}`);
const log = join(out, 'build.log');
const facts = { fingerprint: stamp, torch: torch.source, folder: torch.root, release: torch.release };

/** Runs to the end; what it says goes to the log. Returns what went wrong, in a line. */
function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  writeFileSync(log, `$ ${[command, ...args].join(' ')}\n${result.stdout ?? ''}${result.stderr ?? ''}`, { flag: 'a' });
  if (result.error?.code === 'ENOENT') fail(`${command} is not installed; \`apt-get install cmake g++\``);
  if (result.status === 0) return undefined;
  const text = `${result.stdout}${result.stderr}`;
  const line = text.split('\n').find((candidate) => /error/i.test(candidate)) ?? `${command} stopped with code ${result.status}`;
  return line.trim().slice(0, 300);
}

const stampOf = (folder) => {
  const file = join(folder, 'stamp.json');
  return existsSync(file) && existsSync(join(folder, 'audiossl.node')) ? JSON.parse(readFileSync(file, 'utf8')).fingerprint : undefined;
};

function put(from, folder) {
  replaceFile(join(folder, 'audiossl.node'), (fresh) => copyFileSync(from, fresh));
  replaceFile(join(folder, 'stamp.json'), (fresh) => writeFileSync(fresh, `${JSON.stringify(facts)}\n`));
}

/** Compiles, links and proves. Returns what went wrong, in a line. */
function make(torch, { c10d }) {
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  const cmake = join(out, 'cmake');
  const cache = join(cmake, 'CMakeCache.txt');
  // CMake refuses what it began where this folder was before it was moved or copied.
  if (existsSync(cache) && !readFileSync(cache, 'utf8').includes(`CMAKE_CACHEFILE_DIR:INTERNAL=${cmake}\n`))
    rmSync(cmake, { recursive: true });
  const define = {
    NODE_API_INCLUDE: headers,
    TORCH_INCLUDE: torch.include.join(';'),
    TORCH_LIBRARIES: torch.libraries.join(';'),
    TORCH_OPENMP: torch.openMp ?? '',
    TORCH_CXX_STANDARD: torch.cxxStandard,
    TORCH_CXX11_ABI: torch.cxx11Abi ?? '',
    ONEDNN_LIBRARY: oneDnn,
    C10D: c10d ? 'ON' : 'OFF',
    GLOO_LIBRARY: gloo,
    SANITIZE: options.sanitize,
  };
  const complaint =
    run('cmake', ['-S', here, '-B', cmake, ...Object.entries(define).map(([name, value]) => `-D${name}=${value}`)]) ??
    run('cmake', ['--build', cmake, '--parallel', String(Math.min(2, availableParallelism()))]);
  if (complaint !== undefined) return `${complaint} (the whole log: ${log})`;
  const unproven = options.sanitize ? undefined : proveAddon(join(cmake, 'audiossl.node'), torch);
  return unproven && `${unproven}; \`npm run setup -- --libtorch debian\` or \`--libtorch pypi\` takes another`;
}

function build() {
  mkdirSync(out, { recursive: true });
  writeFileSync(log, '');
  rmSync(join(out, 'stamp.json'), { force: true });
  const complaint = make(torch, { c10d: true });
  if (complaint !== undefined) {
    // Everything else may be well: training on one process goes on.
    const other = make(torch, { c10d: false });
    if (other !== undefined) fail(other);
    console.error(`native/build.mjs: without training on several processes, which this libtorch does not build with: ${complaint}`);
  }
  put(join(out, 'cmake', 'audiossl.node'), out);
  console.error(`native/build.mjs: built the addon with libtorch ${torch.release} (${torch.source}: ${torch.root})`);
}

if (options.force || stampOf(out) !== stamp) build();
if (options.beside) {
  console.log(join(out, 'audiossl.node'));
} else if (out !== active && (options.force || stampOf(active) !== stamp)) {
  put(join(out, 'audiossl.node'), active);
  console.error(`native/build.mjs: the addon in use is on libtorch ${torch.release} (${torch.source}: ${torch.root})`);
}
