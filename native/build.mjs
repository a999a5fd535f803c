#!/usr/bin/env node
// Builds the native addon: `node native/build.mjs [--force] [--sanitize=address]`. Quick when nothing changed.
//
// libtorch is taken from, in this order: $LIBTORCH (an unpacked libtorch), Debian's libtorch-dev, the PyTorch that python3 can import.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
// A build with a sanitiser lies beside the usual one: see README.md for its use.
const sanitize = process.argv.find((argument) => argument.startsWith('--sanitize='))?.slice('--sanitize='.length) ?? '';
const out = join(here, 'build', sanitize);
const addon = join(out, 'audiossl.node');
const stampFile = join(out, 'stamp.json');
const log = join(out, 'build.log');

function fail(message) {
  console.error(`native/build.mjs: ${message}`);
  process.exit(1);
}

/** Folder of TorchConfig.cmake, and how it was found. */
function findTorch() {
  const named = process.env.LIBTORCH;
  if (named) {
    const folder = join(named, 'share', 'cmake', 'Torch');
    if (!existsSync(join(folder, 'TorchConfig.cmake')))
      fail(`LIBTORCH=${named} holds no share/cmake/Torch/TorchConfig.cmake; point it at an unpacked libtorch`);
    return { folder, source: 'LIBTORCH' };
  }
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? process.arch;
  const debian = `/usr/lib/${machine}-linux-gnu/cmake/Torch`;
  if (existsSync(join(debian, 'TorchConfig.cmake'))) return { folder: debian, source: 'Debian' };
  for (const python of ['python3', '/usr/bin/python3']) {
    const found = spawnSync(python, ['-c', 'import torch; print(torch.utils.cmake_prefix_path)'], { encoding: 'utf8' });
    const folder = join(found.stdout?.trim() ?? '', 'Torch');
    if (found.status === 0 && existsSync(join(folder, 'TorchConfig.cmake'))) return { folder, source: `PyTorch of ${python}` };
  }
  return fail(
    'no libtorch found; `apt-get install libtorch-dev libopenblas0-openmp libdnnl-dev cmake g++`, or set LIBTORCH to an unpacked libtorch, or install PyTorch for python3',
  );
}

/** What the addon is made of: if this is unchanged, so is the addon. */
function fingerprint(torch) {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([torch, sanitize, process.arch, existsSync('/usr/include/oneapi/dnnl/dnnl.hpp')]));
  const version = join(torch.folder, 'TorchConfigVersion.cmake');
  for (const file of [
    version,
    join(here, 'CMakeLists.txt'),
    ...['src', 'simd'].flatMap((folder) =>
      readdirSync(join(here, folder))
        .sort()
        .map((name) => join(here, folder, name)),
    ),
  ]) {
    hash.update(file).update(existsSync(file) ? readFileSync(file) : '');
  }
  return hash.digest('hex');
}

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  writeFileSync(log, `$ ${[command, ...args].join(' ')}\n${result.stdout ?? ''}${result.stderr ?? ''}`, { flag: 'a' });
  if (result.error?.code === 'ENOENT') fail(`${command} is not installed; \`apt-get install cmake g++\``);
  if (result.status === 0) return;
  const text = `${result.stdout}${result.stderr}`;
  const line = text.split('\n').find((candidate) => /error/i.test(candidate)) ?? `${command} stopped with code ${result.status}`;
  fail(`${line.trim().slice(0, 300)} (the whole log: ${log})`);
}

// The front end's addon needs no libtorch, so it comes first, and this build goes on without it.
if (sanitize === '') spawnSync(process.execPath, [join(here, 'buildFrontEnd.mjs')], { stdio: 'inherit' });
const torch = findTorch();
const stamp = fingerprint(torch);
const isCurrent = existsSync(addon) && existsSync(stampFile) && JSON.parse(readFileSync(stampFile, 'utf8')).fingerprint === stamp;
if (!isCurrent || process.argv.includes('--force')) {
  mkdirSync(out, { recursive: true });
  writeFileSync(log, '');
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  run('cmake', [
    '-S',
    here,
    '-B',
    join(out, 'cmake'),
    `-DTorch_DIR=${torch.folder}`,
    `-DNODE_API_INCLUDE=${headers}`,
    `-DSANITIZE=${sanitize}`,
  ]);
  run('cmake', ['--build', join(out, 'cmake'), '--parallel', String(Math.min(2, availableParallelism()))]);
  // Under a new name first: a process that has the old one loaded keeps it.
  copyFileSync(join(out, 'cmake', 'audiossl.node'), `${addon}.new`);
  renameSync(`${addon}.new`, addon);
  writeFileSync(stampFile, `${JSON.stringify({ fingerprint: stamp, torch: torch.source, folder: torch.folder })}\n`);
  console.error(`native/build.mjs: built ${addon} with libtorch of ${torch.source} (${torch.folder})`);
}
