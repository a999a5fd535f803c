#!/usr/bin/env node
// Sets up everything that is missing and nothing else: Debian packages for the libtorch backend, npm packages, the native addon and the
// compiled program. Plain JavaScript on Node's own modules, because it runs before there is anything else. Quick when nothing is missing.
//
//   node native/setup.mjs [--libtorch pypi|debian|FOLDER] [--for-tests] [--no-system-packages]
//
// AUDIOSSL_NO_APT=1 is the same as --no-system-packages. --libtorch is remembered; setup/findLibtorch.mjs says what is taken without it.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile } from './setup/compile.mjs';
import { fetchPypi } from './setup/fetchPypi.mjs';
import { findLibtorch, findPyTorch, rememberChoice, rememberedChoice, thisSystem } from './setup/findLibtorch.mjs';
import folders from './setup/folders.cjs';
import { UnusableLibtorch } from './setup/inspectLibtorch.mjs';
import { hasCommand, lastLines, run, say } from './setup/run.mjs';
import { installPackages, missingPackages } from './setup/systemPackages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const minimumNode = [20, 19];

const options = readOptions();

function readOptions() {
  const known = { libtorch: { type: 'string' }, 'for-tests': { type: 'boolean' }, 'no-system-packages': { type: 'boolean' } };
  try {
    const { values } = parseArgs({ options: known });
    if (values.libtorch === '') throw new Error('--libtorch must be pypi, debian or a folder, got nothing');
    const isFolder = values.libtorch !== undefined && !['pypi', 'debian'].includes(values.libtorch);
    return isFolder ? { ...values, libtorch: resolve(values.libtorch) } : values;
  } catch (error) {
    say(`${error.message.split('. ')[0]}; known: --libtorch pypi|debian|FOLDER, --for-tests, --no-system-packages`);
    return process.exit(2);
  }
}

/** A step that the rest cannot do without failed: say what, with which command, how it ended and what to do. */
function fail({ step, command, log, remedy }) {
  say(`${step} failed: ${command}\n${lastLines(log)}`);
  say(`remedy: ${remedy}`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) return;
  say(`Node.js ${minimumNode.join('.')} or newer is needed, this is ${process.versions.node}; get it from https://nodejs.org`);
  process.exit(1);
}

/** One level after the other: with `recursive`, mkdirSync of Node.js 20 never returns where a parent exists and takes no folder, as /proc. */
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** What is built must be kept somewhere; better to say so before minutes of work. */
function checkFolder() {
  const folder = folders.addonFolder();
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    say(`cannot write to ${folder} (${error.code}), where the native addons go; set AUDIOSSL_HOME to a folder that can be written`);
    process.exit(1);
  }
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Whether node_modules holds what the lock file asks for: npm keeps a list of what it installed. Packages for other machines are optional. */
function hasNpmPackages(lock) {
  const installed = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  const there = readJson(installed).packages;
  const wanted = Object.entries(readJson(lock).packages).filter(([path, { optional }]) => path !== '' && !optional);
  return wanted.every(([path, { version }]) => there[path]?.version === version);
}

function installNpmPackages() {
  const lock = join(root, 'package-lock.json');
  if (!existsSync(lock)) return; // installed as a package: npm has done it
  if (hasNpmPackages(lock)) return;
  say('installing the npm packages ...');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = run('npm', args, { cwd: root });
  if (!result.isOk) {
    const remedy =
      'check that the npm registry is reached (npm ping) and that package.json and package-lock.json belong together (npm install)';
    // npm says first what is wrong, then how it is used and where its log is.
    const log = result.log
      .split('\n')
      .filter((line) => line.replace(/^npm error/, '').trim() !== '')
      .slice(0, 12)
      .join('\n');
    fail({ step: 'installing the npm packages', command: `npm ${args.join(' ')}`, log, remedy });
  }
  say(`installed the npm packages (${result.seconds.toFixed(0)} s)`);
}

/** The front end's addon, which needs a compiler only. Without it features are made by TypeScript. */
function buildFrontEnd() {
  const result = run(process.execPath, [join(root, 'native/buildFrontEnd.mjs')], { cwd: root });
  if (result.isOk) return;
  const reason =
    result.log.split('\n').find((line) => line.startsWith('native/buildFrontEnd.mjs: ')) ??
    `node native/buildFrontEnd.mjs failed:\n${lastLines(result.log)}`;
  say(`the native front end is not available, features are made by the slower TypeScript: ${reason}`);
}

/** Whether the addon will be on Debian's libtorch, whose packages are then needed: where no other is named or found. */
function isDebians() {
  try {
    const torch = findLibtorch({ choice: options.libtorch, system: { ...thisSystem, say: () => {} } });
    return torch === undefined || torch.root === '/usr';
  } catch (error) {
    if (!(error instanceof UnusableLibtorch)) throw error;
    return (options.libtorch ?? process.env.LIBTORCH ?? rememberedChoice()) === 'debian'; // what is wrong with another, its build says
  }
}

/** The libtorch addon; its build script knows itself whether there is anything to do. Without it the wasm backend is used. */
function buildAddon() {
  const addon = join(folders.addonFolder(), 'audiossl.node');
  const isFirst = !existsSync(addon);
  const chosen = options.libtorch === undefined ? [] : ['--libtorch', options.libtorch];
  if (isFirst && hasCommand('cmake')) say('building the libtorch backend (a minute or two) ...');
  const result = run(process.execPath, [join(root, 'native/build.mjs'), ...chosen], { cwd: root });
  const lines = result.log.split('\n').filter((line) => line.startsWith('native/build.mjs: ') || line.startsWith('setup: '));
  if (result.isOk) {
    if (options.libtorch !== undefined) rememberChoice(options.libtorch);
    for (const line of lines) say(line.replace(/^native\/build\.mjs: |^setup: /, ''));
    return;
  }
  const reason = lines.at(-1) ?? `node native/build.mjs failed:\n${lastLines(result.log)}`;
  if (existsSync(addon)) say(`the libtorch backend stays as it was built before: ${reason}`);
  else say(`the libtorch backend is not available, the slower wasm backend is used: ${reason}`);
}

/**
 * The tests of the backend run on two libtorchs: the one in use, and Debian's or a PyTorch 2.x, whichever that is not. Its addon lies
 * beside the one in use; test/vitest.config.ts reads where.
 */
function buildSecondAddon() {
  const file = join(root, 'native/build/second.json');
  const tell = (second) => writeFileSync(file, JSON.stringify(second));
  if (!existsSync(join(root, 'native/build/stamp.json'))) return;
  const isOnDebians = readJson(join(root, 'native/build/stamp.json')).folder === '/usr';
  const second = isOnDebians ? (findPyTorch(process.env) ?? 'pypi') : 'debian';
  const isAway = second === 'pypi' && (process.env.AUDIOSSL_NO_PYPI ? 'AUDIOSSL_NO_PYPI is set' : fetchPypi());
  if (isAway) return tell({ reason: isAway });
  const env = { LIBTORCH: '' };
  const result = run(process.execPath, [join(root, 'native/build.mjs'), '--beside', '--libtorch', second], { cwd: root, env });
  const addon = result.log.split('\n').find((line) => line.endsWith('audiossl.node'));
  if (result.isOk) return tell({ addon, release: readJson(join(dirname(addon), 'stamp.json')).release });
  const reason = result.log.split('\n').findLast((line) => line.startsWith('native/build.mjs: ')) ?? lastLines(result.log, 1);
  say(`the tests run on one libtorch alone: ${reason}`);
  return tell({ reason });
}

function compileSources() {
  const result = compile(root, { onStart: () => say('compiling ...') });
  if (result === undefined) return;
  if (!result.isOk) {
    const remedy = 'a clean clone compiles: undo or mend the change that the lines above name';
    fail({ step: 'compiling', command: 'npm run build', log: result.log, remedy });
  }
  say(`compiled (${result.seconds.toFixed(0)} s)`);
}

checkNode();
checkFolder();
const isAllowed = !options['no-system-packages'] && !process.env.AUDIOSSL_NO_APT;
if (options.libtorch === 'pypi') {
  const reason = fetchPypi();
  if (reason !== undefined) say(`--libtorch pypi: ${reason}`);
}
installPackages(missingPackages({ purpose: isDebians() ? 'debian libtorch' : 'other libtorch' }), { isAllowed });
if (options['for-tests']) installPackages(missingPackages({ purpose: 'tests' }), { isAllowed });
installNpmPackages();
buildFrontEnd();
buildAddon();
if (options['for-tests']) buildSecondAddon();
compileSources();
