import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { contrastiveLossOptions } from '../../src/loss/lossOptions.js';
import { byol } from '../../src/method/momentumContrast.js';
import { simclr } from '../../src/method/simclr.js';
import { disposeParameters, type Parameters } from '../../src/nn/parameters.js';
import { projectionHead } from '../../src/nn/projectionHead.js';
import { resnet18 } from '../../src/nn/resnet18.js';
import { availableBackends } from '../support/backends.js';

const bytesOf = (parameters: Parameters, isWanted: (path: string, variable: tf.Variable) => boolean) =>
  [...parameters].reduce((sum, [path, variable]) => sum + (isWanted(path, variable) ? 4 * variable.size : 0), 0);

describe.skipIf(!availableBackends.includes('libtorch'))('momentum networks on libtorch (skipped where the addon is not built)', () => {
  beforeAll(() => setBackend({ backend: 'libtorch', precision: 'float32', threads: 1 }));

  it('cost the memory of their weights in a step, beside it nothing but the predictor', () => {
    const addon = loadAddon();
    const encoder = resnet18({ width: 32 });
    const head = projectionHead({ inputSize: encoder.embeddingSize, hiddenSize: 64, outputSize: 32 });
    const [encoderParameters, headParameters] = [encoder, head].map((network) => network.createParameters({ seed: 0 }));
    const parts = { encoder, encoderParameters, head, headParameters };
    const views = tf.randomNormal<tf.Rank.R3>([32, 33, 32], 0, 1, 'float32', 1);
    /** Most bytes of tensors beside those that were there before the method was made. */
    const mostOf = (method: ReturnType<typeof byol>, before: number) => {
      addon.mostArenaBytes();
      const { gradients } = method.step(views);
      tf.dispose([...gradients.values()]);
      method.afterUpdate?.(0.5);
      return addon.mostArenaBytes() - before;
    };
    const before = addon.arenaBytes();
    const plain = mostOf(simclr({ ...parts, loss: contrastiveLossOptions.parse({ name: 'infoNce' }) }), before);
    const withMomentum = byol(
      { ...parts, loss: contrastiveLossOptions.parse({ name: 'infoNce', beta: 0, temperature: 0.5 }) },
      { momentum: 0.9, momentumSchedule: 'constant', predictorHiddenSize: 64, seed: 1 },
    );
    const copies = bytesOf(withMomentum.own, (path) => path.startsWith('momentum'));
    const predictor = bytesOf(withMomentum.own, (path) => path.startsWith('predictor'));
    expect(copies / 4).toBeGreaterThan(2_790_000);
    const more = mostOf(withMomentum, before) - plain;
    // The arena counts blocks of 64 KiB and more, so that small tensors are not in it. Predictor: weights, gradients, what is kept for them.
    expect(more / copies).toBeGreaterThan(0.95);
    expect((more - copies) / 2 ** 20).toBeLessThan((2 * predictor) / 2 ** 20 + 0.25);
    for (const parameters of [withMomentum.own, encoderParameters, headParameters]) disposeParameters(parameters);
    views.dispose();
  });
});
