import { z } from 'zod';
import { datasetKinds } from './clip.js';
import { moduleDatasetOptions } from './moduleDataset.js';

export const protocolNames = ['auto', 'generic', 'ssl', 'ssl-all', 'all', 'clean', 'noisy', 'noisySmall'] as const;
export type Protocol = (typeof protocolNames)[number];

const fold = z.union([z.string(), z.number().int()]).transform(String);
const folds = z.array(fold).min(1);

/** Which clips are used for what, and how patches are cut from them. */
export const dataOptions = z.strictObject({
  format: z
    .union([z.enum(['auto', ...datasetKinds]), moduleDatasetOptions])
    .default('auto')
    .describe(
      'layout of the data folder; auto looks at what is there and says what it chose; ./mine.mjs = a module of your own lists the clips',
    ),
  protocol: z
    .enum(protocolNames)
    .default('auto')
    .describe(
      'who trains on what. FSDnoisy18k: ssl (train noisy, validation clean), ssl-all, all, clean, noisy, noisySmall. Others: generic (split column or folds). auto: ssl for FSDnoisy18k, else generic',
    ),
  validationFraction: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.15)
    .describe(
      'share of the training clips set apart where the data name no validation clips; stratified by label, grouped, chosen by hash(splitSeed, id)',
    ),
  splitSeed: z
    .int()
    .min(0)
    .optional()
    .describe(
      "the seed of that choice; absent: 0 for FSDnoisy18k's protocols, whose splits are then the committed ones of data/fsdnoisy18k in every run, else the run's seed",
    ),
  trainFolds: folds.optional().describe('folds to train on; absent: all that are neither validation nor test'),
  validationFolds: folds.optional().describe('folds to validate on'),
  testFold: fold.optional().describe('fold to test on; absent: the clips that the data call test'),
  patchFrames: z.number().int().min(1).default(101).describe('length of a patch in frames'),
  patchHop: z.number().int().min(1).default(50).describe('distance of the grid patches of evaluation, in frames'),
  standardisation: z
    .enum(['global', 'perBand', 'perClip'])
    .default('global')
    .describe(
      'what the log-mel is standardised by: one mean and deviation of the training clips for all mel bands, one a band, or of every clip its own',
    ),
  compat: z
    .strictObject({
      excludeLastStart: z.boolean().default(false).describe("never draw a clip's last possible patch, as the authors' code"),
      keepOverlap: z.boolean().default(false).describe('keep training clips whose recording stands in the test set too'),
      standardDeviation: z.boolean().default(false).describe("divide by sqrt(S)/N, the authors' deviation, in place of sqrt(S/N)"),
    })
    .prefault({})
    .describe("ways of the authors' code that differ from good practice"),
});

export type DataOptions = z.infer<typeof dataOptions>;
