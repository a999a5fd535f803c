import type * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from '../../src/nn/encoder.js';
import type * as layers from '../../src/nn/layers.js';
import type * as parameters from '../../src/nn/parameters.js';
import type * as pooling from '../../src/ops/globalAveragePool.js';

export function tinyEncoderOf(
  library: { tf: typeof tf } & Pick<typeof layers, 'addBatchNorm' | 'addConvKaiming' | 'convNormTwice'> &
    Pick<typeof parameters, 'createInitialiser'> &
    Pick<typeof pooling, 'globalAveragePool'>,
): Encoder;
