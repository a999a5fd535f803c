import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, expect, it } from 'vitest';
import { registerWasm } from '../../../src/backend/wasm/registerWasm.js';
import { threadedBackend } from '../../../src/backend/wasm/threadedBackend.js';

afterAll(() => tf.removeBackend('wasm'));

/** A convolution, a product of matrices and both gradients, all values. */
async function results(): Promise<number[]> {
  const values = (shape: number[], step: number) =>
    tf.tensor(
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(step * i)),
      shape,
    );
  const [x, filter, dy] = [values([8, 9, 8, 16], 0.7), values([3, 3, 16, 24], 1.3), values([8, 9, 8, 24], 0.9)];
  const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC' };
  const outs = [
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'),
    tf.matMul(tf.reshape(x, [72, 128]), tf.reshape(x, [128, 72])),
    tf.engine().runKernel<tf.Tensor>('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape }),
    tf.engine().runKernel<tf.Tensor>('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape }),
  ];
  const all = await Promise.all(outs.map(async (out) => Array.from(await out.data())));
  tf.dispose([x, filter, dy, ...outs]);
  return all.flat();
}

it('gives the same bits on one, two and three threads, and leaves the process its own error listeners', async () => {
  tf.env().set('PROD', true);
  const listeners = process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
  expect(await registerWasm({ threads: 2 })).toEqual({ threads: 2 });
  expect(await registerWasm({ threads: 5 })).toEqual({ threads: 2 }); // the first call decides
  await tf.setBackend('wasm');
  expect(process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection')).toBe(listeners);
  const onTwo = await results();
  for (const threads of [1, 3]) {
    tf.removeBackend('wasm');
    tf.registerBackend('wasm', () => threadedBackend(threads));
    await tf.setBackend('wasm');
    expect(await results()).toEqual(onTwo);
  }
});

it('finds its binaries from any working directory, and lets the process end', async () => {
  // The compiled program, because a worker of its own would not know TypeScript.
  const program = `
    import * as tf from '${import.meta.resolve('@tensorflow/tfjs-core')}';
    import { registerWasm } from '${new URL('../../../dist/backend/wasm/registerWasm.js', import.meta.url)}';
    tf.env().set('PROD', true);
    for (const threads of [1, 2]) {
      const used = await registerWasm({ threads: Number(process.argv[1]) });
      if (await tf.setBackend('wasm')) process.stdout.write(String(used.threads + tf.add(1, 2).dataSync()[0]));
    }`;
  for (const threads of ['1', '2']) {
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, threads], { cwd: tmpdir(), timeout: 30_000 });
    const { stdout, stderr } = await run;
    expect([stdout, stderr]).toEqual([String(Number(threads) + 3).repeat(2), '']);
  }
});
