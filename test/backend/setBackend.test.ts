import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { UsageError } from '../../src/util/errors.js';
import { availableBackends } from '../support/backends.js';

describe.each(availableBackends)('setBackend %s', (backend) => {
  it('makes it the current one, with gradients, silently', async () => {
    const inUse = await setBackend({ backend });
    expect(inUse).toMatchObject({ name: backend, device: 'cpu', precision: 'float32', notes: [] });
    expect(inUse.threads).toBeGreaterThanOrEqual(1);
    expect(tf.getBackend()).toBe(backend);
    const [gradient] = tf.tidy(() => [
      tf
        .grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, -2]))
        .dataSync(),
    ]);
    expect([...gradient]).toEqual([2, -4]);
  });
});

describe('setBackend', () => {
  it('takes libtorch by itself where it is built, else wasm with a note that says why', async () => {
    const inUse = await setBackend();
    if (availableBackends.includes('libtorch')) expect(inUse).toMatchObject({ name: 'libtorch', notes: [] });
    else expect(inUse).toMatchObject({ name: 'wasm', notes: [expect.stringMatching(/^backend: wasm.*libtorch.*setup/)] });
  });

  it("takes a name alone, as TensorFlow.js's own function does", async () => {
    expect(await setBackend('cpu')).toMatchObject({ name: 'cpu' });
  });

  it.each<[unknown, string]>([
    ['libtroch', 'setBackend: backend must be auto, libtorch, tensorflow, tensorflow-gpu, wasm or cpu, got libtroch'],
    [{ backend: 'libtorch', precision: 'float16' }, 'setBackend: precision must be float32, bfloat16 or auto, got float16'],
    [{ threads: 0 }, 'setBackend: threads must be >= 1, got 0'],
    [
      { threads: 16 * availableParallelism() + 1 },
      `setBackend: threads must be at most ${16 * availableParallelism()}, 16 a core of this machine, got ${16 * availableParallelism() + 1}; leave it out for one a core`,
    ],
    [{ threads: 1.5 }, 'setBackend: threads must be a whole number, got 1.5'],
    [{ thread: 2 }, 'setBackend: unknown option thread; did you mean "threads"?'],
    [null, 'setBackend: options must be an object of backend, device, precision, threads, got null'],
  ])('refuses %j in one line', async (options, message) => {
    const error = await setBackend(options as 'cpu').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toBe(message);
  });

  it('says how to get what was asked for by name and is not there', async () => {
    await expect(setBackend({ backend: 'tensorflow' })).rejects.toThrow(/tensorflow.*npm install @tensorflow\/tfjs-node@4\.22\.0/);
    await expect(setBackend({ backend: 'tensorflow-gpu' })).rejects.toThrow(UsageError);
    await expect(setBackend({ backend: 'wasm', device: 'cuda' })).rejects.toThrow(/device cuda needs the backend libtorch, got wasm/);
    await expect(setBackend({ backend: 'cpu', precision: 'bfloat16' })).rejects.toThrow(/bfloat16 needs the backend libtorch, got cpu/);
  });

  it.skipIf(!availableBackends.includes('wasm'))('sets the threads of wasm, once a process, and reports those in use', () => {
    // A process of its own, because the first call decides.
    const program = `
      import { setBackend } from '${new URL('../../dist/backend/setBackend.js', import.meta.url)}';
      for (const threads of [3, 1, undefined]) process.stdout.write((await setBackend({ backend: 'wasm', threads })).threads + ' ');`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['3 3 3 ', '']);
  });

  it.skipIf(!availableBackends.includes('libtorch'))('sets the threads of libtorch', async () => {
    expect(await setBackend({ backend: 'libtorch', threads: 1 })).toMatchObject({ threads: 1 });
    expect(await setBackend({ backend: 'libtorch', threads: 2 })).toMatchObject({ threads: 2 });
    await expect(setBackend({ backend: 'libtorch', device: 'cuda' })).rejects.toThrow(/device cuda is not available/);
  });
});
