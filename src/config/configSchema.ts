import { z } from 'zod';
import { frontEndOptions, resolveFrontEnd } from '../audio/frontEnd.js';
import { viewsOptions } from '../augment/viewsOptions.js';
import { dataOptions } from '../data/dataOptions.js';
import { evaluationOptions } from '../eval/evaluationOptions.js';
import { lossOptions } from '../loss/lossOptions.js';
import { methodOptions } from '../method/methodOptions.js';
import { encoderOptions } from '../nn/createEncoder.js';
import { projectionHeadOptions } from '../nn/projectionHead.js';
import { optimizerOptions } from '../optim/createOptimizer.js';
import { scheduleOptions } from '../optim/learningRateAt.js';
import { trainOptions } from '../train/trainOptions.js';

/**
 * The whole config: one key a part, each with the part's own schema, which stands beside the function that it configures.
 * Everything has a default, the authors' released best setting of pre-training: an empty config is a whole one. Where another command's
 * defaults differ they are in commandDefaults.ts.
 */
export const configSchema = z
  .strictObject({
    data: dataOptions.prefault({}).describe('which clips are used for what, and how patches are cut from them'),
    frontEnd: frontEndOptions.prefault({}).transform(resolveFrontEnd),
    views: viewsOptions,
    encoder: encoderOptions.prefault({ name: 'resnet18' }),
    projectionHead: projectionHeadOptions.prefault({}),
    method: methodOptions.prefault({ name: 'simclr' }),
    loss: lossOptions.prefault({ name: 'angularContrastive' }),
    optimizer: optimizerOptions.prefault({ name: 'sgd' }),
    schedule: scheduleOptions.prefault({ name: 'multiStep' }),
    train: trainOptions.prefault({}),
    evaluation: evaluationOptions.prefault({}),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(0)
      .describe('names every random number of a run: initial weights, order of the clips, patches, augmentations'),
  })
  .describe('config of audiossl; defaults are those of pretrain, audiossl config show --for train prints those of train');

/** What a config holds, with nothing left to a default. The front end is written out, whatever preset it came from. */
export type ResolvedConfig = z.output<typeof configSchema>;

/** What a config file may hold. */
export type ConfigInput = z.input<typeof configSchema>;
