import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import type { Encoder } from './encoder.js';
import {
  addBatchNorm,
  addConvKaiming,
  convNorm,
  convNormPool,
  convNormTwice,
  type ForwardOptions,
  runStages,
  runStagesInParts,
} from './layers.js';
import { createInitialiser, type Initialiser, type Parameters } from './parameters.js';
import { type Pooling, pooledLength, poolMaps } from './pooling.js';

interface Block {
  path: string;
  inputs: number;
  outputs: number;
  stride: number;
}

/** Four stages of two basic blocks; the first of stages 2 to 4 halves time and mel and doubles the channels. */
const blocksOf = (width: number): Block[] =>
  [width, 2 * width, 4 * width, 8 * width].flatMap((outputs, i) => [
    { path: `layer${i + 1}.0.`, inputs: i === 0 ? width : outputs / 2, outputs, stride: i === 0 ? 1 : 2 },
    { path: `layer${i + 1}.1.`, inputs: outputs, outputs, stride: 1 },
  ]);

export const widthRule = 'width must be a multiple of 16 from 16 to 128';
export const isWidth = (width: number): boolean => Number.isInteger(width / 16) && width >= 16 && width <= 128;

export interface Resnet18Options {
  /** Channels of the first stage, a multiple of 16 up to 128: torchvision's 64 by default, 32 is half of it with a quarter of the values. */
  width?: number;
  /** How the last maps become h. Default 'mean', as in torchvision. */
  pooling?: Pooling;
}

const hasProjection = ({ inputs, outputs }: Block): boolean => inputs !== outputs;

/**
 * ResNet-18 (He et al. 2016) as in torchvision, without its last linear layer and with one input channel: 11,170,240 trainable values at
 * the default width, torchvision's names. The embedding is pooled after the last ReLU, so it is never negative: 8 x width values, or with
 * other poolings 12 or 16 x width. At 101 x 96: stem 51 x 48, pooled 26 x 24, stages 26 x 24, 13 x 12, 7 x 6, 4 x 3. Throws AudiosslError for another width.
 *
 * @example
 * ```ts
 * import { resnet18, tf } from 'audiossl';
 * const encoder = resnet18({ width: 16 });
 * const parameters = encoder.createParameters({ seed: 0 });
 * encoder.forward(parameters, tf.zeros([2, 101, 96]), { isTraining: false }).shape; // => [2, 128]
 * ```
 */
export function resnet18({ width = 64, pooling = 'mean' }: Resnet18Options = {}): Encoder {
  if (!isWidth(width)) throw new AudiosslError(`resnet18: ${widthRule}, got ${width}`);
  const blocks = blocksOf(width);
  return {
    name: 'resnet18',
    embeddingSize: pooledLength(pooling, 8 * width),
    createParameters({ seed }) {
      const initialiser = createInitialiser('encoder', seed);
      addConvKaiming(initialiser, 'conv1.', [7, 1, width]);
      addBatchNorm(initialiser, 'bn1.', width);
      for (const block of blocks) addBlock(initialiser, block);
      return initialiser.parameters;
    },
    forward: (parameters, views, options) =>
      tf.tidy(() => {
        const stem = { stride: 2, padding: 3, hasInputGradient: false };
        const pool = { size: 3, stride: 2, padding: 1 };
        // [batch, time, mel] -> [batch, time / 32, mel / 32, 8 width] -> [batch, embeddingSize]
        const stages = blocks.map((block) => (x: tf.Tensor4D) => runBlock(parameters, block, x, options));
        const first = (x: tf.Tensor4D) => convNormPool(parameters, { conv: 'conv1.', norm: 'bn1.' }, x, { ...options, ...stem }, pool);
        // The maps of the first two stages are large, the filters of the last two.
        const half = runStagesInParts(tf.expandDims<tf.Tensor4D>(views, 3), [first, ...stages.slice(0, 4)], options);
        const before = runStages(half, stages.slice(4, 6));
        half.dispose();
        return poolMaps(pooling, { before, last: runStages(before, stages.slice(6)) });
      }),
  };
}

function addBlock(initialiser: Initialiser, block: Block): void {
  const { path, inputs, outputs } = block;
  addConvKaiming(initialiser, `${path}conv1.`, [3, inputs, outputs]);
  addBatchNorm(initialiser, `${path}bn1.`, outputs);
  addConvKaiming(initialiser, `${path}conv2.`, [3, outputs, outputs]);
  addBatchNorm(initialiser, `${path}bn2.`, outputs);
  if (!hasProjection(block)) return;
  addConvKaiming(initialiser, `${path}downsample.0.`, [1, inputs, outputs]);
  addBatchNorm(initialiser, `${path}downsample.1.`, outputs);
}

function runBlock(parameters: Parameters, block: Block, x: tf.Tensor4D, options: ForwardOptions): tf.Tensor4D {
  const { path, stride } = block;
  const residual = hasProjection(block)
    ? convNorm(parameters, { conv: `${path}downsample.0.`, norm: `${path}downsample.1.` }, x, { ...options, stride })
    : x;
  const [first, second] = [1, 2].map((i) => ({ conv: `${path}conv${i}.`, norm: `${path}bn${i}.` }));
  const last = { ...options, padding: 1, residual, relu: true };
  return convNormTwice(parameters, [first, second], x, { ...options, stride, padding: 1 }, last);
}
