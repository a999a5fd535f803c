import { AudiosslError, errorText } from '../../util/errors.js';
import { addonProblem, builtAddon, requireAddon } from '../../util/nativeAddon.js';
import type { Addon } from './binding.js';

let path: string | undefined;
let addon: Addon | undefined;

/** The file that `loadAddon` loads. */
export function addonPath(): string {
  path ??= builtAddon('audiossl.node');
  return path;
}

/** Names another build, one with a sanitiser for example (native/README.md); before the first `loadAddon`. */
export function useAddon(otherBuild: string): void {
  path = otherBuild;
}

/**
 * Loads what brings GNU's OpenMP library into the process. Its threads wait for their next loop in a busy one, which takes the core from
 * whatever else the machine does, our own loops included: they sleep after some 0.1 ms, unless the user has set how they wait. The library
 * reads the environment once, at that moment; programs started later are not to find what was set here.
 */
function withShortSpin<T>(load: () => T): T {
  if (process.env.OMP_WAIT_POLICY !== undefined || process.env.GOMP_SPINCOUNT !== undefined) return load();
  process.env.GOMP_SPINCOUNT = '2000';
  try {
    return load();
  } finally {
    delete process.env.GOMP_SPINCOUNT;
  }
}

/** The native addon, loaded once. Throws an AudiosslError that says what to do where it is missing or does not load. */
export function loadAddon(): Addon {
  if (addon) return addon;
  const remedy = 'run `npm run setup` (`audiossl setup` when installed as a package)';
  const file = addonPath();
  const problem = addonProblem(file);
  if (problem !== undefined) throw new AudiosslError(`libtorch: the native addon ${problem}; ${remedy}`);
  try {
    addon = withShortSpin(() => requireAddon(file) as Addon); // where the type of the C++ side is taken on trust
  } catch (error) {
    throw new AudiosslError(`libtorch: the native addon does not load (${errorText(error)}); ${remedy}`, { cause: error });
  }
  return addon;
}
