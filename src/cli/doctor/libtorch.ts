import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { addonPath, loadAddon } from '../../backend/libtorch/loadAddon.js';
import { errorText } from '../../util/errors.js';
import type { Finding } from './finding.js';

/** The releases that the tests are run with; others are untested. */
const testedReleases = ['1.13', '2.13', '2.14'];

const remedy = 'npm run setup (in a clone), npx audiossl setup (as a package)';

/** The native addon, and the files that the process really loaded with it: libtorch, oneDNN, OpenMP. */
export function examineLibtorch(): Finding[] {
  try {
    const addon = loadAddon();
    return describeLibraries(parseLibraries(addon.libraries()), addon.setThreads(0), chosenBy());
  } catch (error) {
    return [{ what: 'libtorch', state: 'slower', found: errorText(error).replace(/; run `npm run setup`.*$/, ''), remedy }];
  }
}

/** What `Addon.libraries` says, by name; lists become arrays. */
export function parseLibraries(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  );
}

/** `threads`: in how many parts a loop ran when every core was asked for. */
export function describeLibraries(facts: Record<string, string>, threads: number, chosenBy = ''): Finding[] {
  const { libtorch, libtorchFile, oneDnn, directOneDnn, directOneDnnFile, openMp, blas, simd } = facts;
  const isTested = testedReleases.some((release) => libtorch.startsWith(`${release}.`));
  const note = isTested ? 'tested' : `untested; tested: ${testedReleases.join(', ')}`;
  const runtimes = openMp.split(';');
  const algebra = blas
    .split(';')
    .map((file) => basename(file))
    .join(', ');
  const oneDnnFound = directOneDnn
    ? `${directOneDnn}, called directly: ${directOneDnnFile}`
    : `${oneDnn || 'unknown release'}, inside libtorch and only through it`;
  return [
    { what: 'libtorch', state: 'ok', found: `${libtorch} (${note})${chosenBy}; loaded: ${libtorchFile}` },
    { what: 'oneDNN', state: 'ok', found: oneDnnFound },
    runtimes.length === 1
      ? { what: 'OpenMP', state: 'ok', found: `${openMp}, ${threads} thread${threads === 1 ? '' : 's'}; ${algebra}; own loops: ${simd}` }
      : {
          what: 'OpenMP',
          state: 'slower',
          found: `${runtimes.length} libraries, each with threads of its own: ${runtimes.join(', ')}`,
          remedy,
        },
  ];
}

function chosenBy(): string {
  const stamp = join(dirname(addonPath()), 'stamp.json');
  if (!existsSync(stamp)) return '';
  const { torch } = JSON.parse(readFileSync(stamp, 'utf8')) as { torch?: string };
  return torch === undefined ? '' : `, ${torch}`;
}
