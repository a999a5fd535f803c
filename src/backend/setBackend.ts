import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { checkPerCore } from '../util/checkPerCore.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { parseOptions } from '../util/parseOptions.js';
import { rememberBackend } from './backendInUse.js';

/** Which engine computes, on what, how exactly and with how many threads. */
export const backendOptions = z.strictObject({
  backend: z
    .enum(['auto', 'libtorch', 'tensorflow', 'tensorflow-gpu', 'wasm', 'cpu'])
    .default('auto')
    .describe(
      'engine: libtorch (fast), tensorflow[-gpu] (tfjs-node, if installed), wasm, cpu (plain JavaScript); auto = libtorch, else wasm',
    ),
  device: z.enum(['cpu', 'cuda']).default('cpu').describe('where libtorch computes; cuda needs a libtorch with CUDA (untested)'),
  precision: z
    .enum(['float32', 'bfloat16', 'auto'])
    .default('float32')
    .describe('storage of activations on libtorch; auto = bfloat16 where the processor computes in it'),
  threads: z
    .int()
    .min(1)
    .optional()
    .describe('threads of libtorch or wasm (at most 8 there, decided once a process); default = every core this process may use'),
});
export type BackendOptions = z.infer<typeof backendOptions>;
export type BackendName = Exclude<BackendOptions['backend'], 'auto'>;

/** What is in use after `setBackend`. `notes` are lines for the user: what was chosen for them and why. */
export interface BackendInUse {
  name: BackendName;
  device: string;
  precision: 'float32' | 'bfloat16';
  threads: number;
  notes: string[];
}

const installLine = {
  libtorch: 'run `npm run setup` (`audiossl setup` when installed as a package)',
  tensorflow: 'run `npm install @tensorflow/tfjs-node@4.22.0` (its installer downloads libtensorflow)',
  'tensorflow-gpu': 'run `npm install @tensorflow/tfjs-node-gpu@4.22.0` (its installer downloads libtensorflow; CUDA 11.2 and cuDNN 8.1)',
};

/**
 * Makes one TensorFlow.js backend the current one, with the gradients of every op registered and tfjs's banner off.
 *
 * `auto` takes libtorch where its addon is built and works, else wasm, and says so in `notes`. A backend, device or precision asked for
 * by name is used, or this throws a UsageError that says how to get it.
 *
 * @param options a name alone, as TensorFlow.js's own function takes it, is short for `{ backend: name }`
 *
 * @example
 * ```ts
 * import { setBackend, tf } from 'audiossl';
 * const { name } = await setBackend(); // libtorch where it is built, else wasm
 * name === tf.getBackend(); // => true
 * ```
 */
export async function setBackend(options: BackendOptions['backend'] | Partial<BackendOptions> = {}): Promise<BackendInUse> {
  const inUse = await choose(parseOptions('setBackend', backendOptions, typeof options === 'string' ? { backend: options } : options));
  rememberBackend(inUse);
  return inUse;
}

async function choose({ backend, device, precision, threads }: BackendOptions): Promise<BackendInUse> {
  if (threads !== undefined) checkPerCore('setBackend: threads', threads);
  tf.env().set('PROD', true);
  await import('@tensorflow/tfjs-layers'); // registers the gradient of every op: without it tf.grad throws
  if (backend === 'auto') return setAutomatically({ device, precision, threads });
  if (backend === 'libtorch') return setLibtorch({ device, precision, threads });
  if (device !== 'cpu') {
    throw new UsageError(
      `setBackend: device ${device} needs the backend libtorch, got ${backend}; leave out --backend or pass --backend libtorch`,
    );
  }
  return setPlain(backend, { precision, threads });
}

type LibtorchOptions = Pick<BackendOptions, 'device' | 'precision' | 'threads'>;

async function setAutomatically(options: LibtorchOptions): Promise<BackendInUse> {
  try {
    return await setLibtorch(options);
  } catch (error) {
    if (!(error instanceof AudiosslError)) throw error;
    if (options.device !== 'cpu' || options.precision === 'bfloat16') throw error;
    const inUse = await setPlain('wasm', options);
    return { ...inUse, notes: [`backend: wasm, about five times slower than libtorch (${errorText(error)})`, ...inUse.notes] };
  }
}

async function setLibtorch(options: LibtorchOptions): Promise<BackendInUse> {
  const { registerLibtorch } = await import('./libtorch/registerLibtorch.js');
  const settings = registerLibtorch(options);
  await activate('libtorch', installLine.libtorch);
  return { name: 'libtorch', notes: [], ...settings };
}

/** The backends of one precision, on the processor; only wasm lets its threads be chosen. */
async function setPlain(
  name: Exclude<BackendName, 'libtorch'>,
  { precision, threads }: Pick<BackendOptions, 'precision' | 'threads'>,
): Promise<BackendInUse> {
  if (precision === 'bfloat16')
    throw new UsageError(`setBackend: precision bfloat16 needs the backend libtorch, got ${name}; ${installLine.libtorch}`);
  const device = name === 'tensorflow-gpu' ? 'cuda' : 'cpu';
  const inUse: BackendInUse = { name, device, precision: 'float32', threads: 1, notes: [] };
  if (name === 'wasm') {
    const { registerWasm } = await import('./wasm/registerWasm.js');
    Object.assign(inUse, await registerWasm({ threads }));
    await activate('wasm', installLine.libtorch);
  } else if (name === 'cpu') {
    await import('@tensorflow/tfjs-backend-cpu');
    await activate('cpu', installLine.libtorch);
  } else {
    await importTfjsNode(name);
    await activate('tensorflow', installLine[name]); // both packages register this name
  }
  return inUse;
}

async function importTfjsNode(name: 'tensorflow' | 'tensorflow-gpu'): Promise<void> {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 23) {
    throw new UsageError(
      `setBackend: backend ${name} needs Node.js below 23 (tfjs-node calls a function that Node 23 removed), got ${major}; use --backend libtorch`,
    );
  }
  // A name the compiler cannot see through: the package is an optional peer and its types are absent where it is.
  const packageName: string = name === 'tensorflow' ? '@tensorflow/tfjs-node' : '@tensorflow/tfjs-node-gpu';
  try {
    await import(packageName);
  } catch (error) {
    throw new UsageError(
      `setBackend: backend ${name} is not installed or does not load (${errorText(error).slice(0, 200)}); ${installLine[name]}`,
    );
  }
}

async function activate(name: string, remedy: string): Promise<void> {
  let works = false;
  let reason = '';
  try {
    works = await tf.setBackend(name);
  } catch (error) {
    reason = ` (${errorText(error)})`;
  }
  if (!works) throw new UsageError(`setBackend: backend ${name} could not be started${reason}; ${remedy}`);
  await tf.ready();
}
