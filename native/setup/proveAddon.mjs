// After linking: what does a process that loads the addon really compute with?
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { sep } from 'node:path';

/** The facts that the addon tells (native/src/libraries.cpp), by name. */
export function parseFacts(text) {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split('\t')),
  );
}

/**
 * Why this addon must not be used with that libtorch, in a line; undefined where all is well: one libtorch, of the release of the
 * headers and out of its folder, one OpenMP library, and as many threads as were asked for.
 */
export function proveAddon(addon, torch, { load = loadElsewhere } = {}) {
  const { facts, threads, error } = load(addon);
  if (error !== undefined) return `the addon does not load with libtorch ${torch.release} of ${torch.root}: ${error}`;
  return mismatch(facts, threads, torch);
}

function mismatch(facts, threads, { root, release, libraryFolder }) {
  const { headers, libtorch, libtorchFile, openMp } = facts;
  if (headers !== release || (libtorch !== '' && libtorch !== release)) {
    return `the headers in ${root} are of libtorch ${headers}, the library that was loaded is ${libtorch} (${libtorchFile})`;
  }
  if (!realpathSync(libtorchFile).startsWith(libraryFolder + sep)) return `built with libtorch of ${root}, but ${libtorchFile} was loaded`;
  const runtimes = openMp.split(';').filter(Boolean);
  if (runtimes.length !== 1) return `one OpenMP library must be loaded, got ${runtimes.join(' and ') || 'none'}`;
  if (threads !== 2) return `loops must run in 2 threads when 2 are set, got ${threads}`;
  return undefined;
}

function loadElsewhere(addon) {
  const code = `const a = require(${JSON.stringify(addon)}); console.log(JSON.stringify([a.libraries(), a.setThreads(2)]))`;
  const { status, stdout, stderr, signal } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  if (status !== 0) return { error: signal ?? /^(?:\w*Error: .*)$/m.exec(stderr)?.[0] ?? stderr.trim().split('\n')[0] };
  const [text, threads] = JSON.parse(stdout);
  return { facts: parseFacts(text), threads };
}
