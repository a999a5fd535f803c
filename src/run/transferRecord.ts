import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../util/atomicFile.js';
import { AudiosslError, errorText } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';
import { pairedDifference } from './evaluationRecord.js';

const count = z.int().min(0);
const number = z.number();
/** An accuracy, 0 .. 1, or a difference of two, with its 95 % interval. */
const estimate = z.strictObject({ estimate: number, low: number, high: number });
const answer = z.enum(['yes', 'no', 'undecided']);

const protocol = {
  protocol: z.enum(['linear', 'neighbours', 'few']).describe('few: the linear classifier from few labels'),
  shots: z.int().min(1).nullable().describe('clips a class that few learns from; null: all'),
};

export const transferSystem = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(['encoder', 'randomWeights', 'logMel']),
  model: z.string().nullable().default(null).describe('path of the run or file'),
  checkpoint: z.string().nullable().default(null),
  checkpointSha256: z.string().nullable().default(null),
  checkpointEpoch: count.nullable().default(null),
  encoder: z.string().nullable().default(null),
  dim: z.int().min(1).describe('values a clip'),
  weightSeeds: z.array(count).default([]).describe('of random weights'),
  seenInTraining: count.nullable().default(null).describe('clips whose recordings the encoder was trained on; null: not known'),
  seenUnknown: count.nullable().default(null).describe('clips of which that is not known'),
  scores: z
    .record(z.string(), z.number().nullable())
    .default({})
    .describe('label-free scores of the training at these weights: effectiveRank, alignmentPlusUniformity, validationLoss'),
  seconds: z.record(z.string(), z.number().min(0)).default({}),
  results: z.array(
    z.strictObject({
      ...protocol,
      micro: estimate.describe('share of the clips that are right'),
      macro: estimate.describe('mean recall of the classes'),
      accuracies: z.array(number).min(1).describe('share of the clips that are right, of each seed of weights or draw of labels'),
    }),
  ),
});

export const transferComparison = z.strictObject({
  ...protocol,
  system: z.string(),
  better: answer.describe('than no training: than each of the systems it is held against'),
  against: z
    .array(
      z.strictObject({ system: z.string(), difference: pairedDifference.nullable().describe('null: too few recordings for an interval') }),
    )
    .min(1),
});

/** transfer.json of one data set: how well classes can be told by encoders that were trained on something else. */
export const transferRecord = z.strictObject({
  schemaVersion: z.literal(1),
  time: z.string(),
  command: z.array(z.string()),
  data: z.strictObject({
    name: z.string().min(1),
    dir: z.string(),
    numClips: count,
    numGroups: count,
    classNames: z.array(z.string()).min(2),
    folds: z.array(z.string()).min(2),
    how: z.string(),
  }),
  seed: count,
  draws: count.describe('of few labels'),
  replicates: z.int().min(1).describe('of the bootstrap'),
  systems: z.array(transferSystem).min(1),
  comparisons: z.array(transferComparison),
  notes: z.array(z.string()),
  backend: z.string().nullable().default(null),
  versions: z.record(z.string(), z.string()),
  environment: z.record(z.string(), z.string()).default({}),
});
export type TransferRecord = z.infer<typeof transferRecord>;
export type TransferSystemRecord = z.infer<typeof transferSystem>;
export type TransferResult = TransferSystemRecord['results'][number];
export type TransferComparison = z.infer<typeof transferComparison>;

/** `DIR/<data>.json`, written whole or not at all. */
export async function writeTransfer(dir: string, record: TransferRecord): Promise<string> {
  await makeFolder(dir);
  const path = join(dir, `${record.data.name}.json`);
  await writeFileAtomic(path, `${JSON.stringify(transferRecord.parse(record), null, 2)}\n`);
  return path;
}

/** Every record of a folder, by the name of the data; none where there is no folder. Throws AudiosslError for a file that is no record. */
export async function readTransfers(dir: string): Promise<TransferRecord[]> {
  let files: string[];
  try {
    files = await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return Promise.all(
    files
      .filter((file) => file.endsWith('.json'))
      .sort()
      .map(async (file) => {
        const path = join(dir, file);
        let value: unknown;
        try {
          value = JSON.parse(await readFile(path, 'utf8'));
        } catch (error) {
          throw new AudiosslError(`readTransfers: ${path} must be JSON: ${errorText(error)}`, { cause: error });
        }
        const parsed = transferRecord.safeParse(value);
        if (!parsed.success)
          throw new AudiosslError(`readTransfers: ${path}: ${z.prettifyError(parsed.error).replace(/\s*\n\s*/g, ' ')}; make it anew`);
        return parsed.data;
      }),
  );
}
