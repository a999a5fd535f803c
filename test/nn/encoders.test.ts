import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { crnn } from '../../src/nn/crnn.js';
import { projectionHead } from '../../src/nn/projectionHead.js';
import { resnet18 } from '../../src/nn/resnet18.js';
import { supCnn } from '../../src/nn/supCnn.js';
import { vgg } from '../../src/nn/vgg.js';
import crnnGolden from '../golden/nn/crnn.json' with { type: 'json' };
import headGolden from '../golden/nn/projectionHead.json' with { type: 'json' };
import linearHeadGolden from '../golden/nn/projectionHeadLinear.json' with { type: 'json' };
import threeLayersGolden from '../golden/nn/projectionHeadThree.json' with { type: 'json' };
import resnet18Golden from '../golden/nn/resnet18.json' with { type: 'json' };
import lastTwoGolden from '../golden/nn/resnet18LastTwo.json' with { type: 'json' };
import meanDeviationGolden from '../golden/nn/resnet18MeanDeviation.json' with { type: 'json' };
import meanMaxGolden from '../golden/nn/resnet18MeanMax.json' with { type: 'json' };
import supCnnGolden from '../golden/nn/supCnn.json' with { type: 'json' };
import vggGolden from '../golden/nn/vgg.json' with { type: 'json' };
import { availableBackends } from '../support/backends.js';
import { expectGolden } from './goldenNetwork.js';

// Plain JavaScript would take minutes for a convolutional network; its ops are held to their oracles in test/ops.
describe.each(availableBackends.filter((name) => name !== 'cpu'))('encoders against torch on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));
  // Eleven million values take seconds to make: once, on the quickest. Narrow ones take the same way.
  it.skipIf(backend !== availableBackends.at(-1))('resnet18 equals torchvision: values, gradients, running statistics of two passes', () =>
    expectGolden(resnet18Golden, resnet18()),
  );
  it('resnet18 of half width with mean and maximum equals torchvision', () =>
    expectGolden(meanMaxGolden, resnet18({ width: 32, pooling: 'meanMax' })));
  it('resnet18 of a quarter with mean and deviation over time equals torchvision', () =>
    expectGolden(meanDeviationGolden, resnet18({ width: 16, pooling: 'meanDeviation' })));
  it('resnet18 of a quarter with the means of its last two stages equals torchvision', () =>
    expectGolden(lastTwoGolden, resnet18({ width: 16, pooling: 'lastTwo' })));
  it('vgg equals torch', () => expectGolden(vggGolden, vgg()));
  it('crnn equals torch', () => expectGolden(crnnGolden, crnn()));
  it('supCnn equals torch, with its pooled feature', () => {
    const encoder = supCnn({ patchFrames: 50, nMels: 24 });
    const forward: typeof encoder.forward = (...given) => {
      const { h, pooled } = encoder.forwardWithPooled!(...given);
      return tf.concat([h, pooled], 1);
    };
    expectGolden(supCnnGolden, { ...encoder, forward }, { smallestScale: 0.005 });
  });
});

describe.each(availableBackends)('projection head against torch on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));
  it('equals a torch Sequential', () => expectGolden(headGolden, projectionHead({ inputSize: 512 })));
  it.each([
    [1, linearHeadGolden],
    [3, threeLayersGolden],
  ])('equals one of %i layers', (numLayers, golden) =>
    expectGolden(golden, projectionHead({ inputSize: 24, numLayers, hiddenSize: 40, outputSize: 32 })),
  );
});
