import { type Command, Option } from 'commander';
import type { BackendInUse, BackendOptions } from '../backend/setBackend.js';
import { positiveInteger } from './optionParsers.js';

/** The backend in use: `{ name, device, precision, threads, notes }`. */
export type BackendInfo = BackendInUse;

/** Adds `--backend`, `--device`, `--precision` and `--threads` to a command that computes; `threads` says what they are the threads of. */
export function addBackendOptions(
  command: Command,
  { threads = 'threads of the backend (default: one a core)' }: { threads?: string } = {},
): Command {
  return command
    .addOption(
      new Option('--backend <name>', 'what computes; auto takes libtorch where it is built, else wasm')
        .choices(['auto', 'libtorch', 'tensorflow', 'tensorflow-gpu', 'wasm', 'cpu'])
        .default('auto'),
    )
    .addOption(new Option('--device <name>', 'where it computes; cuda needs a libtorch with CUDA').choices(['cpu', 'cuda']).default('cpu'))
    .addOption(
      new Option('--precision <name>', 'bfloat16 is faster where the processor has it; auto looks')
        .choices(['float32', 'bfloat16', 'auto'])
        .default('float32'),
    )
    .option('--threads <number>', threads, positiveInteger);
}

/**
 * Sets the backend the options ask for and tells on standard error what it is and, in one line each, what was fallen back from.
 * A backend or device asked for by name is used, or the command fails and says how to get it.
 */
export async function pickBackend(
  { backend, device, precision, threads }: Partial<BackendOptions>,
  { isTold = true }: { isTold?: boolean } = {},
): Promise<BackendInfo> {
  const { setBackend } = await import('../backend/setBackend.js');
  const inUse = await setBackend({ backend, device, precision, threads });
  if (isTold) for (const note of inUse.notes) process.stderr.write(`audiossl: ${note}\n`);
  return inUse;
}
