import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./torchStep.py', import.meta.url));

/** What an experienced user of Debian's PyTorch sets: its OpenBLAS may be the pthread build, and glibc gives large blocks back. */
export const tuned = {
  OPENBLAS_NUM_THREADS: '1',
  MALLOC_MMAP_THRESHOLD_: '8589934592',
  MALLOC_TRIM_THRESHOLD_: '8589934592',
  MALLOC_TOP_PAD_: '268435456',
};

/** Release and file of the PyTorch of a python; undefined without one. */
function torchOf(python) {
  const code = 'import torch; print(torch.__version__); print(torch.__file__)';
  const { status, stdout } = spawnSync(python, ['-c', code], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const [release, file] = stdout.trim().split('\n').slice(-2);
  return { python, release, file };
}

/**
 * Every PyTorch to compare with, each in the ways that its users have: Debian's as shipped and tuned; any other (PEER_PYTHON, a list with
 * colons; the active virtual environment; the python3 of the path) plain, in channels last, as that is tuned, and compiled.
 * @param {string} part only peers whose name contains this; 'none' = no peers
 */
export function findPeers(part = '', env = process.env) {
  if (part === 'none') return [];
  const named = (env.PEER_PYTHON ?? '').split(':').filter((python) => python !== '');
  for (const python of named) {
    if (torchOf(python) === undefined) throw new Error(`PEER_PYTHON: ${python} must be a python that can import torch`);
  }
  const active = env.VIRTUAL_ENV ? [`${env.VIRTUAL_ENV}/bin/python`] : [];
  const found = ['/usr/bin/python3', ...named, ...active, 'python3'].map(torchOf).filter((torch) => torch !== undefined);
  const distinct = [...new Map(found.toReversed().map((torch) => [torch.file, torch])).values()].toReversed();
  const peers = distinct.flatMap(({ python, release }) => {
    const of = (variant, how, env = {}) => ({ python, script, variant, env, name: `PyTorch ${release}, ${how}` });
    const channelsLast = [of('channels-last', 'channels last'), of('channels-last', 'channels last, tuned', tuned)];
    if (release.startsWith('1.')) return channelsLast;
    return [of('eager', 'as it comes'), ...channelsLast, of('compile', 'channels last, torch.compile')];
  });
  const chosen = peers.filter(({ name }) => name.includes(part));
  if (chosen.length === 0) throw new Error(`no PyTorch found${part ? ` whose name contains '${part}'` : ''}: set PEER_PYTHON to a python that imports torch`);
  return chosen;
}
