import { type Command, Option } from 'commander';
import { positiveInteger } from './optionParsers.js';

/** What the options of `addBackendOptions` parse to. */
export interface BackendOptions {
  backend: 'auto' | 'libtorch' | 'tensorflow' | 'tensorflow-gpu' | 'wasm' | 'cpu';
  device?: 'cpu' | 'cuda';
  precision: 'float32' | 'bfloat16' | 'auto';
  threads?: number;
}

/** The backend in use, as `setBackend` describes it. */
export interface BackendInfo {
  name: string;
  device: string;
  precision: string;
  threads: number;
  notes: string[];
}

/** Adds `--backend`, `--device`, `--precision` and `--threads` to a command that computes. */
export function addBackendOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--backend <name>', 'what computes; auto takes libtorch where it is built, else wasm')
        .choices(['auto', 'libtorch', 'tensorflow', 'tensorflow-gpu', 'wasm', 'cpu'])
        .default('auto'),
    )
    .addOption(
      new Option('--device <name>', 'where it computes (default: cuda where the backend has it, else cpu)').choices(['cpu', 'cuda']),
    )
    .addOption(
      new Option('--precision <name>', 'bfloat16 is faster where the processor has it; auto looks')
        .choices(['float32', 'bfloat16', 'auto'])
        .default('float32'),
    )
    .option('--threads <number>', 'threads of the backend (default: one a core)', positiveInteger);
}

/**
 * Sets the backend the options ask for and tells on standard error what it is and, in one line each, what was fallen back from.
 * A backend or device asked for by name is used, or the command fails and says how to get it.
 */
export async function pickBackend({ backend, device, precision, threads }: BackendOptions): Promise<BackendInfo> {
  // A path in a variable until the module stands: the compiler then does not look for it.
  const path = '../backend/setBackend.js';
  const { setBackend } = (await import(path)) as { setBackend(options: BackendOptions): Promise<BackendInfo> };
  const info = await setBackend({ backend, device, precision, threads });
  for (const note of info.notes) process.stderr.write(`audiossl: ${note}\n`);
  return info;
}
