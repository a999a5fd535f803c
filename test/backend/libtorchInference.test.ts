import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadModel } from '../../src/model/loadModel.js';
import { isModelShipped } from '../../src/model/shippedModel.js';
import { disposeParameters, withoutDrawing } from '../../src/nn/parameters.js';
import { resnet18 } from '../../src/nn/resnet18.js';
import { availableBackends } from '../support/backends.js';

const mebi = 2 ** 20;

describe.skipIf(!availableBackends.includes('libtorch'))(
  'what embedding takes of memory on libtorch (skipped where the addon is not built)',
  () => {
    beforeAll(() => setBackend({ backend: 'libtorch', precision: 'float32', threads: 2 }));

    it('is the weights once, few filters in a second form, and the activations of a part of the batch', () => {
      const addon = loadAddon();
      const encoder = resnet18();
      const start = addon.arenaBytes();
      const parameters = withoutDrawing(() => encoder.createParameters({ seed: 0 }));
      const embed = (batch: number) =>
        tf.tidy(
          () =>
            void encoder.forward(parameters, tf.zeros([batch, 101, 96]), {
              isTraining: false,
            }),
        );
      const weights = addon.arenaBytes() - start;
      expect(weights / mebi).toBeCloseTo((11_170_240 * 4) / mebi, 0);
      const mostBeyond = (batch: number, held: number) => {
        addon.mostArenaBytes();
        embed(batch);
        return (addon.mostArenaBytes() - held) / mebi;
      };
      embed(64);
      const held = addon.arenaBytes();
      // Filters of 3 x 3 are four times as large when they are transformed: those of 64, 128 and 256 channels, 36 MiB, are kept, and those of stride
      // 2 once more, 6. With 512 channels it would be 150.
      expect((held - start - weights) / mebi).toBeLessThan(48);
      // What the stem makes of 64 patches is 38 MiB, of 128 76; with what goes in and out 56 and 112, were it all there at once.
      expect(mostBeyond(64, held)).toBeLessThan(40);
      expect(mostBeyond(128, held)).toBeLessThan(80);
      expect(addon.arenaBytes()).toBe(held);
      disposeParameters(parameters);
      expect(addon.arenaBytes()).toBe(start);
    });

    it.skipIf(!isModelShipped())('a loaded model leaves no copy of its weights in JavaScript', async () => {
      setFlagsFromString('--expose-gc');
      const collect: () => void = runInNewContext('gc');
      const arrays = () => {
        collect();
        return process.memoryUsage().arrayBuffers / mebi;
      };
      const before = arrays();
      const model = await loadModel();
      // What is collected is freed a little later, on another thread.
      await expect.poll(() => arrays() - before, { timeout: 10_000, interval: 20 }).toBeLessThan(3); // of 43
      model.dispose();
    });
  },
);
