// Which libtorch the addon is built with.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import folders from './folders.cjs';
import { inspectLibtorch, oldestRelease, UnusableLibtorch } from './inspectLibtorch.mjs';
import { run, say } from './run.mjs';
import { thisMachine } from './sharedObject.mjs';

/** The PyTorch that `--libtorch pypi` fetches. */
export const pinnedRelease = '2.13.0';
const folder = folders.setupFolder();
/** Where it is put; nothing else of the machine is touched. */
export const pypiFolder = join(folder, 'pypi', `torch-${pinnedRelease}`);
const choiceFile = join(folder, 'libtorch.json');

/** What this looks at of the machine; the tests pass one of their own. */
export const thisSystem = {
  env: process.env,
  exists: existsSync,
  run,
  say,
  inspect: inspectLibtorch,
  machine: thisMachine,
  choiceFile,
  pypiFolder,
};

/** `pypi`, `debian` or a folder, as `npm run setup -- --libtorch` was last told; undefined: never. */
export function rememberedChoice({ choiceFile: file } = thisSystem) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).libtorch : undefined;
}

export function rememberChoice(libtorch, { choiceFile: file } = thisSystem) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ libtorch })}\n`);
}

const pythonsOf = (env) => [env.VIRTUAL_ENV && join(env.VIRTUAL_ENV, 'bin/python'), 'python3'].filter(Boolean);

/** Folder of the first usable PyTorch of the active virtual environment, PEER_PYTHON or python3; undefined without one. */
export function findPyTorch(env, system = thisSystem) {
  const named = (env.PEER_PYTHON ?? '').split(':').filter(Boolean);
  return [...pythonsOf(env), ...named]
    .map((python) => torchOfPython(python, system))
    .find((folder) => {
      if (folder === undefined || !system.exists(join(folder, 'include'))) return false;
      try {
        return system.inspect(folder, { machine: system.machine }) !== undefined;
      } catch {
        return false;
      }
    });
}

const howToChoose = '`npm run setup -- --libtorch debian`, `--libtorch pypi` or `--libtorch FOLDER` takes another';

/** Folder of the torch package that a python would import, without importing it, which takes seconds; undefined without one. */
export function torchOfPython(python, { run: start }) {
  const code = "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')";
  const { isOk, log } = start(python, ['-c', code]);
  return isOk && log.trim() !== '' ? log.trim().split('\n').at(-1) : undefined;
}

/**
 * The libtorch to build with: `choice` (what the command line says), $LIBTORCH, the remembered choice, the PyTorch of the active virtual
 * environment, that of python3, Debian's. What is named by somebody must be usable, or this throws an UnusableLibtorch whose message says
 * what to do; what is only found is passed over with a line.
 * @returns what `inspectLibtorch` returns and `source`, in words; undefined where there is none
 */
export function findLibtorch({ choice, system = thisSystem } = {}) {
  const { env, machine } = system;
  const named = env.LIBTORCH;
  if (choice !== undefined && named && choice !== named) {
    throw new UnusableLibtorch(`--libtorch ${choice} and LIBTORCH=${named} name two libtorchs: leave one out (\`unset LIBTORCH\`)`);
  }
  if (choice !== undefined) return chosen(choice, `--libtorch ${choice}`, howToChoose, system);
  if (named) return chosen(named, `LIBTORCH=${named}`, 'point LIBTORCH at another, or `unset LIBTORCH && npm run setup`', system);
  const remembered = rememberedChoice(system);
  if (remembered !== undefined) return chosen(remembered, `--libtorch ${remembered} (as chosen before)`, howToChoose, system);
  for (const python of pythonsOf(env)) {
    const folder = torchOfPython(python, system);
    // Debian's python3-torch has no headers: these are in libtorch-dev.
    if (folder === undefined || !system.exists(join(folder, 'include'))) continue;
    try {
      return { ...system.inspect(folder, { machine }), source: `PyTorch of ${python}` };
    } catch (error) {
      if (!(error instanceof UnusableLibtorch)) throw error;
      system.say(`passed over the PyTorch of ${python}: ${error.message}`);
    }
  }
  if (!system.exists(`/usr/lib/${machine}-linux-gnu/libtorch_cpu.so`)) return undefined;
  return chosen('debian', "Debian's", 'apt-get install --reinstall libtorch-dev', system);
}

function chosen(choice, who, remedy, system) {
  const { machine } = system;
  if (choice === 'debian' && !system.exists(`/usr/lib/${machine}-linux-gnu/libtorch_cpu.so`)) {
    throw new UnusableLibtorch(`${who}: libtorch-dev is not installed; \`apt-get install libtorch-dev libopenblas0-openmp libdnnl-dev\``);
  }
  if (choice === 'pypi' && !system.exists(system.pypiFolder)) {
    throw new UnusableLibtorch(`${who}: PyTorch ${pinnedRelease} is not fetched; \`npm run setup -- --libtorch pypi\``);
  }
  const folder = { debian: '/usr', pypi: system.pypiFolder }[choice] ?? choice;
  const source = { debian: 'Debian', pypi: `PyTorch ${pinnedRelease} from PyPI` }[choice] ?? who;
  try {
    return { ...system.inspect(folder, { machine }), source };
  } catch (error) {
    if (!(error instanceof UnusableLibtorch)) throw error;
    throw new UnusableLibtorch(`${who}: ${error.message}; ${remedy}`);
  }
}

/** Where nothing is found at all. */
export const noLibtorch = `no libtorch of ${oldestRelease.join('.')} or newer found; \`apt-get install libtorch-dev libopenblas0-openmp libdnnl-dev cmake g++\`, or \`npm run setup -- --libtorch pypi\`, or set LIBTORCH to an unpacked libtorch or the folder of a PyTorch`;
