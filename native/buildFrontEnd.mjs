#!/usr/bin/env node
// Builds the front end's addon: `node native/buildFrontEnd.mjs [--force] [--sanitize=address]`. Quick when nothing changed. It needs CMake and a
// C++17 compiler, no libtorch: recordings become features at its speed with every backend. Without it src/audio does the same, slower.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import folders from './setup/folders.cjs';
import { replaceFile } from './setup/replaceFile.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, 'frontEnd');
const sanitize = process.argv.find((argument) => argument.startsWith('--sanitize='))?.slice('--sanitize='.length) ?? '';
const out = join(folders.addonFolder(), sanitize);
const addon = join(out, 'frontEnd.node');
const stampFile = join(out, 'frontEnd.stamp.json');
const log = join(out, 'frontEnd.log');

function fail(message) {
  console.error(`native/buildFrontEnd.mjs: ${message}`);
  process.exit(1);
}

/** What the addon is made of: if this is unchanged, so is the addon. */
function fingerprint() {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, sanitize]));
  for (const folder of [sources, join(here, 'common')]) {
    for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  writeFileSync(log, `$ ${[command, ...args].join(' ')}\n${result.stdout ?? ''}${result.stderr ?? ''}`, { flag: 'a' });
  if (result.error?.code === 'ENOENT') fail(`${command} is not installed; \`apt-get install cmake g++\``);
  if (result.status === 0) return;
  const line =
    `${result.stdout}${result.stderr}`.split('\n').find((text) => /error/i.test(text)) ?? `${command} stopped with code ${result.status}`;
  fail(`${line.trim().slice(0, 300)} (the whole log: ${log})`);
}

const stamp = fingerprint();
const isCurrent = existsSync(addon) && existsSync(stampFile) && JSON.parse(readFileSync(stampFile, 'utf8')).fingerprint === stamp;
if (!isCurrent || process.argv.includes('--force')) {
  mkdirSync(out, { recursive: true });
  writeFileSync(log, '');
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  const build = join(out, 'frontEnd');
  const cache = join(build, 'CMakeCache.txt');
  // CMake refuses what it began where this folder was before it was moved or copied.
  if (existsSync(cache) && !readFileSync(cache, 'utf8').includes(`CMAKE_CACHEFILE_DIR:INTERNAL=${build}\n`))
    rmSync(build, { recursive: true });
  run('cmake', ['-S', sources, '-B', build, `-DNODE_API_INCLUDE=${headers}`, `-DSANITIZE=${sanitize}`]);
  run('cmake', ['--build', build, '--parallel', '2']);
  replaceFile(addon, (fresh) => copyFileSync(join(build, 'frontEnd.node'), fresh));
  replaceFile(stampFile, (fresh) => writeFileSync(fresh, `${JSON.stringify({ fingerprint: stamp })}\n`));
  console.error(`native/buildFrontEnd.mjs: built ${addon}`);
}
