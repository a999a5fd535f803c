import type { ContrastiveLossOptions } from '../loss/lossOptions.js';
import type { Encoder } from '../nn/encoder.js';
import type { Parameters } from '../nn/parameters.js';
import type { Head } from '../nn/projectionHead.js';

/** What every framework of pre-training is made from. Networks stay the caller's. */
export interface MethodParts {
  encoder: Encoder;
  encoderParameters: Parameters;
  head: Head;
  headParameters: Parameters;
  loss: ContrastiveLossOptions;
}
