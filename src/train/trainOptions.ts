import { z } from 'zod';

/** How long and how a run trains; the config's key `train`. */
export const trainOptions = z
  .strictObject({
    epochs: z
      .int()
      .min(0)
      .default(500)
      .describe('passes over the training clips; 0 writes the initial weights as checkpoint: a baseline that is evaluated like any run'),
    batchSize: z.int().min(2).default(128).describe('clips (pairs of views) a step; a last batch under 8 joins the one before'),
    checkpointSeconds: z
      .number()
      .positive()
      .default(300)
      .describe('write last.safetensors at least this often, besides at the end of every epoch'),
    monitorEveryEpochs: z.int().min(1).default(1).describe('epochs between looks at the validation clips; the last epoch always has one'),
    earlyStopping: z
      .strictObject({
        patience: z.int().min(1).describe('stop after this many looks at the validation clips in a row without a new best'),
      })
      .nullable()
      .default(null)
      .describe('stop before the last epoch; null = off, as the authors run it'),
  })
  .describe('length of training, checkpoints, monitor, early stopping');

export type TrainOptions = z.infer<typeof trainOptions>;
