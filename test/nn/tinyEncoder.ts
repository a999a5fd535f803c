import * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from '../../src/nn/encoder.js';
import { addBatchNorm, addConvKaiming, convNormTwice } from '../../src/nn/layers.js';
import { createInitialiser } from '../../src/nn/parameters.js';
import { globalAveragePool } from '../../src/ops/globalAveragePool.js';
import { tinyEncoderOf } from './tinyEncoderOf.mjs';

/** For what does not ask which network it is, on backends that take seconds a step. */
export const tinyEncoder = (): Encoder =>
  tinyEncoderOf({ tf, addBatchNorm, addConvKaiming, convNormTwice, createInitialiser, globalAveragePool });
