import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { contrastiveLossOptions, supervisedLossOptions } from '../../src/loss/lossOptions.js';
import { createMethod, viewsOfMethod } from '../../src/method/createMethod.js';
import { methodOptions } from '../../src/method/methodOptions.js';
import { supervised } from '../../src/method/supervised.js';
import { createEncoder, encoderOptions } from '../../src/nn/createEncoder.js';
import { disposeParameters, type Parameters } from '../../src/nn/parameters.js';
import { classifier, projectionHeadOf } from '../../src/nn/projectionHead.js';
import { withUnbiasedStatistics } from '../../src/nn/unbiasedStatistics.js';
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';

const [clips, frames, mels] = [4, 24, 16];
const labels = Int32Array.from([0, 1, 0, 1]);
const places = Int32Array.from([5, 1, 0, 2]);

const frameworks = {
  simclr: { method: { name: 'simclr' }, loss: { name: 'ntXent' } },
  threeViews: { method: { name: 'simclr', numViews: 3 }, loss: { name: 'tcl', temperature: 0.5, k1: 20, k2: 2 } },
  supervisedContrastive: { method: { name: 'supervisedContrastive' }, loss: { name: 'supCon', temperature: 0.3 } },
  mocoV2: { method: { name: 'mocoV2', queueSize: 12 }, loss: { name: 'infoNce' } },
  mocoV3: { method: { name: 'mocoV3', predictorHiddenSize: 8 }, loss: { name: 'infoNce' } },
  byol: { method: { name: 'byol', predictorHiddenSize: 8 }, loss: { name: 'infoNce', beta: 0 } },
  memoryBank: { method: { name: 'memoryBank', numNoise: null }, loss: { name: 'nce' } },
  cmc: { method: { name: 'cmc' }, loss: { name: 'infoNce' }, encoder: { name: 'twoView', each: 'vgg', views: ['lowMel', 'highMel'] } },
};

/** The running statistics as a look at validation clips sees them after so many steps. */
async function seen(parameters: Parameters, numUpdates: number): Promise<Record<string, number[]>> {
  return withUnbiasedStatistics(parameters, numUpdates, async () =>
    Object.fromEntries([...parameters].flatMap(([name, value]) => (name.includes('running_') ? [[name, [...value.dataSync()]]] : []))),
  );
}

/** With weights that stay and views that stay, each batch has the same statistics: an estimate of their mean that is right does not change. */
async function expectSteady(parameters: Parameters, updatesPerStep: number, step: () => Map<string, tf.Tensor>): Promise<void> {
  const after = async (numSteps: number, before: number) => {
    for (let i = before; i < numSteps; i++) tf.dispose([...step().values()]);
    return seen(parameters, numSteps * updatesPerStep);
  };
  const once = await after(1, 0);
  expect(Object.keys(once).length).toBeGreaterThan(0);
  const often = await after(5, 1);
  // Of a wrong count the estimate is off by 10 % and more; rounding is 1e-5.
  for (const [name, values] of Object.entries(once)) {
    const scale = Math.max(...values.map(Math.abs));
    expect(often[name], name).toBeAllClose(values, { rtol: 1e-3, atol: 1e-3 * scale + 1e-6 });
  }
}

describe('how often a step updates the running statistics', () => {
  beforeAll(() => setBackend({ backend: availableBackends.at(-1) }));

  it.each(Object.entries(frameworks))('%s says, for every network', async (_, { method: methodGiven, loss, ...rest }) => {
    const encoder = createEncoder(encoderOptions.parse('encoder' in rest ? rest.encoder : { name: 'vgg' }), { nMels: mels });
    const encoderParameters = encoder.createParameters({ seed: 1 });
    const head = projectionHeadOf(encoder, { hiddenSize: 16, outputSize: 8 });
    const headParameters = head.createParameters({ seed: 1 });
    const options = methodOptions.parse(methodGiven);
    if (options.name === 'supervised') throw new Error('not of pretrain');
    const parts = { encoder, encoderParameters, head, headParameters, loss: contrastiveLossOptions.parse(loss) };
    const method = createMethod(options, parts, { seed: 1, numClips: 6 });
    const numViews = viewsOfMethod(options);
    // Every view is the first one: groups of a step have equal statistics.
    const first = scatter(clips * frames * mels, 1, 2);
    const views = tf.tensor3d(
      Float32Array.from({ length: numViews * first.length }, (_, i) => first[i % first.length]),
      [numViews * clips, frames, mels],
    );
    await expectSteady(method.parameters, method.updatesPerStep, () => method.step(views, { labels, clips: places }).gradients);
    views.dispose();
    for (const parameters of [encoderParameters, headParameters, method.own]) disposeParameters(parameters);
  });

  it('supervised: once', async () => {
    const encoder = createEncoder(encoderOptions.parse({ name: 'vgg' }), { nMels: mels });
    const encoderParameters = encoder.createParameters({ seed: 1 });
    const head = classifier({ inputSize: encoder.embeddingSize, numClasses: 2 });
    const headParameters = head.createParameters({ seed: 1 });
    const method = supervised({ encoder, encoderParameters, head, headParameters, loss: supervisedLossOptions.parse({}) });
    const views = tf.tensor3d(Float32Array.from(scatter(clips * frames * mels, 1, 2)), [clips, frames, mels]);
    await expectSteady(method.parameters, 1, () => method.step(views, labels).gradients);
    views.dispose();
    for (const parameters of [encoderParameters, headParameters]) disposeParameters(parameters);
  });
});
