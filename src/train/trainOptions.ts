import { z } from 'zod';
import { ranksOptions } from '../parallel/ranksOptions.js';
import { onlineProbeOptions } from './onlineProbe.js';

/** How long and how a run trains; the config's key `train`. */
export const trainOptions = z
  .strictObject({
    epochs: z
      .int()
      .min(0)
      .default(500)
      .describe('passes over the training clips; 0 writes the initial weights as checkpoint: a baseline that is evaluated like any run'),
    batchSize: z
      .int()
      .min(2)
      .default(128)
      .describe('clips a step (pairs of views in pretrain; patches in train); a last batch under 8 joins the one before'),
    patches: z
      .enum(['random', 'grid'])
      .default('random')
      .describe(
        "what an epoch passes over: random = one random patch a clip (pairs of them in pretrain); grid = every patch of every clip, data.patchHop apart, as the supervised authors' code (train only)",
      ),
    checkpointSeconds: z
      .number()
      .positive()
      .default(300)
      .describe('write last.safetensors at least this often, besides at the end of every epoch'),
    monitorEveryEpochs: z.int().min(1).default(1).describe('epochs between looks at the validation clips; the last epoch always has one'),
    monitorPatchHop: z
      .int()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        'frames between the patches of a validation clip that a look embeds; null = data.patchFrames: side by side, half as many as in evaluation and asked for half as many neighbours, so that a look costs less (pretrain only)',
      ),
    selectBy: z
      .enum(['accuracy', 'probeAccuracy', 'effectiveRank', 'alignmentUniformity', 'validationLoss'])
      .default('accuracy')
      .describe(
        "what chooses the best checkpoint: accuracy = the highest validation clip macro accuracy, of nearest neighbours in pretrain, of the classifier in train (without labels: effectiveRank); probeAccuracy = that of train.onlineProbe; without labels, on one fixed pair of views a clip: effectiveRank = the highest effective rank of h (RankMe), alignmentUniformity = the lowest sum of alignment and uniformity of h; validationLoss = the lowest loss, the supervised authors' way",
      ),
    onlineProbe: onlineProbeOptions
      .nullable()
      .default(null)
      .describe('a linear classifier of h trained along, for the log and the curves; needs labels (pretrain only); null = off, {} = on'),
    initialise: z
      .string()
      .nullable()
      .default(null)
      .describe(
        'run folder or checkpoint whose encoder, with its standardisation, a new run starts from; free-sounds = the one that comes with audiossl; null = random weights',
      ),
    ranks: ranksOptions,
    earlyStopping: z
      .strictObject({
        patience: z.int().min(1).describe('stop after this many looks at the validation clips in a row without a new best'),
      })
      .nullable()
      .default(null)
      .describe('stop before the last epoch; null = off, as the authors run it'),
    whiten: z
      .number()
      .gt(0)
      .lte(1)
      .nullable()
      .default(null)
      .describe(
        'at the end write checkpoints/whitened.safetensors as well, as audiossl whiten does: the last weights, embeddings decorrelated by the training clips, this share of the correlations not believed (0.5 is good); null = off',
      ),
  })
  .describe('length of training, checkpoints, monitor, early stopping, whitening');

export type TrainOptions = z.infer<typeof trainOptions>;
