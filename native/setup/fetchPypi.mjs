// Fetching a PyTorch by pip into a folder of the project, for `npm run setup -- --libtorch pypi`.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pinnedRelease, pypiFolder } from './findLibtorch.mjs';
import { lastLines, run, say } from './run.mjs';

/**
 * Fetches the pinned PyTorch where it is not there yet, as pip is set up on this machine; only the folder is written. Returns why that
 * failed, in a line; undefined where it is there.
 */
export function fetchPypi({ folder = pypiFolder, release = pinnedRelease, start = run, tell = say } = {}) {
  if (existsSync(folder)) return undefined;
  const python = ['python3', '/usr/bin/python3'].find((candidate) => start(candidate, ['-m', 'pip', '--version']).isOk);
  if (python === undefined) return 'python3 with pip is needed; `apt-get install python3-pip`';
  tell(
    `fetching PyTorch ${release} by pip into ${folder} (a build for the CPU takes 0.8 GB unpacked; PyPI's own build for Linux on x86-64 is one for CUDA: 0.7 GB more while it is unpacked) ...`,
  );
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const install = (...packages) => {
    const quietly = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-compile', '--no-cache-dir', '--root-user-action=ignore'];
    return start(python, ['-m', 'pip', 'install', ...quietly, '--no-deps', '--target', partial, ...packages]);
  };
  // None of PyTorch's dependencies: Python's packages are of no use here, and CUDA's libraries are gigabytes.
  let result = install(`torch==${release}`);
  if (result.isOk) result = fetchCudaParts(partial, install) ?? result;
  if (!result.isOk) {
    rmSync(partial, { recursive: true, force: true });
    return `pip could not fetch torch ${release}: ${lastLines(result.log, 1).trim()}`;
  }
  renameSync(partial, folder);
  tell(`fetched PyTorch ${release} (${result.seconds.toFixed(0)} s)`);
  return undefined;
}

/** The CPU side of a build for CUDA asks for two small libraries of CUDA; its GPU side is not loaded, and deleted. */
function fetchCudaParts(partial, install) {
  const version = join(partial, 'torch/version.py');
  const cuda = existsSync(version) ? /^cuda\b.*= '(\d+)\.(\d+)/m.exec(readFileSync(version, 'utf8')) : null;
  if (cuda === null) return undefined;
  const libraries = join(partial, 'torch/lib');
  for (const name of readdirSync(libraries)) if (name.startsWith('libtorch_cuda')) rmSync(join(libraries, name));
  const suffix = Number(cuda[1]) >= 13 ? '' : `-cu${cuda[1]}`;
  return install(...['runtime', 'cupti'].map((name) => `nvidia-cuda-${name}${suffix}==${cuda[1]}.${cuda[2]}.*`));
}
