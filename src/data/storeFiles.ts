import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { type FrontEnd, frontEndHash, frontEndOptions, resolveFrontEnd } from '../audio/frontEnd.js';
import { formatCsv, parseCsv } from '../util/csv.js';
import { AudiosslError, errorText } from '../util/errors.js';
import { type Clip, splitNames } from './clip.js';

/**
 * The files of a feature store (one folder):
 * logmel.npy [totalFrames, nMels], stats.npy float64 [numClips, 2, nMels] (sum and sum of squares of each clip),
 * clips.csv, store.json, rejected.csv. While it is built the folder is called STORE.partial and also holds journal.jsonl.
 */
export const storeFile = {
  logMel: 'logmel.npy',
  stats: 'stats.npy',
  clips: 'clips.csv',
  store: 'store.json',
  rejected: 'rejected.csv',
  journal: 'journal.jsonl',
} as const;

/** STORE.partial, beside the store, however the path is written. */
export function partialDir(storeDir: string): string {
  return join(dirname(storeDir), `${basename(storeDir)}.partial`);
}

export const storeDtypes = ['float32', 'float16'] as const;
export type StoreDtype = (typeof storeDtypes)[number];

/** A clip of a store. */
export interface StoredClip extends Clip {
  /** First row of logmel.npy. */
  firstFrame: number;
  numFrames: number;
  /** Samples a channel of the recording, at its own rate. */
  numSamples: number;
  /** Rate of the recording in Hz, before resampling. */
  sampleRate: number;
  sourceBytes: number;
  sourceMtimeMs: number;
  /** SHA-256 of the decoded samples and their rate (see ContentHash); absent in stores of version 1, which did not keep it. */
  contentHash?: string;
}

const storeInfoSchema = z.object({
  schemaVersion: z.union([z.literal(1), z.literal(2)]),
  frontEnd: frontEndOptions,
  frontEndHash: z.string(),
  dtype: z.enum(storeDtypes),
  salvage: z.boolean(),
  /** Which channel of the recordings; absent = the mean of all. */
  channel: z.number().int().min(1).optional(),
  nMels: z.number().int().min(1),
  numClips: z.number().int().min(0),
  numRejected: z.number().int().min(0),
  totalFrames: z.number().int().min(0),
  datasetKind: z.string(),
  classNames: z.array(z.string()),
  versions: z.record(z.string(), z.string()),
});

/** store.json. */
export type StoreInfo = Omit<z.infer<typeof storeInfoSchema>, 'frontEnd'> & { frontEnd: FrontEnd };

const columns = [
  'id',
  'path',
  'label',
  'split',
  'fold',
  'group',
  'isVerified',
  'isNoisySmall',
  'firstFrame',
  'numFrames',
  'numSamples',
  'sampleRate',
  'sourceBytes',
  'sourceMtimeMs',
  'contentHash',
] as const;

/** Version 1 of the store knew nothing of content. */
const columnsOfVersion1 = columns.slice(0, -1);

/** clips.csv, with exactly the columns above; true/false, empty = unknown. */
export function formatStoredClips(clips: readonly StoredClip[]): string {
  return formatCsv(
    columns,
    clips.map((clip) => columns.map((name) => clip[name])),
  );
}

/** Reads clips.csv back; `labelIndex` comes from `classNames`. Throws AudiosslError naming the file for anything unexpected. */
export function parseStoredClips(text: string, file: string, classNames: readonly string[]): StoredClip[] {
  const table = parseCsv(text, file);
  if (table.columns.join() !== columns.join() && table.columns.join() !== columnsOfVersion1.join())
    throw new AudiosslError(`FeatureStore: ${file}: the columns must be ${columns.join(',')}, got ${table.columns.join(',')}`);
  const indexOf = new Map(classNames.map((name, i) => [name, i]));
  return table.rows.map((row) => {
    const fail = (problem: string): never => {
      throw new AudiosslError(`FeatureStore: ${file}: clip ${row.id}: ${problem}; build the store again`);
    };
    const count = (name: (typeof columns)[number]): number => {
      const value = Number(row[name]);
      return /^\d+(\.\d+)?$/.test(row[name]) && (Number.isSafeInteger(value) || name === 'sourceMtimeMs')
        ? value
        : fail(`${name} must be a count, got "${row[name]}"`);
    };
    const flag = (name: 'isVerified' | 'isNoisySmall'): boolean | undefined =>
      row[name] === ''
        ? undefined
        : row[name] === 'true'
          ? true
          : row[name] === 'false'
            ? false
            : fail(`${name} must be true, false or empty, got "${row[name]}"`);
    const labelIndex =
      row.label === ''
        ? undefined
        : (indexOf.get(row.label) ?? fail(`label "${row.label}" is not among the classes of ${storeFile.store}`));
    const split =
      row.split === ''
        ? undefined
        : (splitNames.find((name) => name === row.split) ?? fail(`split must be train, validation or test, got "${row.split}"`));
    return {
      id: row.id,
      path: row.path,
      label: row.label || undefined,
      labelIndex,
      split,
      fold: row.fold || undefined,
      group: row.group || undefined,
      isVerified: flag('isVerified'),
      isNoisySmall: flag('isNoisySmall'),
      firstFrame: count('firstFrame'),
      numFrames: count('numFrames'),
      numSamples: count('numSamples'),
      sampleRate: count('sampleRate'),
      sourceBytes: count('sourceBytes'),
      sourceMtimeMs: count('sourceMtimeMs'),
      ...(row.contentHash && { contentHash: row.contentHash }),
    };
  });
}

/** Reads and checks store.json. */
export async function readStoreInfo(dir: string): Promise<StoreInfo> {
  const file = join(dir, storeFile.store);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new AudiosslError(`FeatureStore: ${file}: ${errorText(error)}; build the store again`, { cause: error });
  }
  const parsed = storeInfoSchema.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw new AudiosslError(`FeatureStore: ${file}: ${path.join('.')}: ${message}; build the store again with this version`);
  }
  const frontEnd = resolveFrontEnd(parsed.data.frontEnd);
  if (frontEndHash(frontEnd) !== parsed.data.frontEndHash) {
    throw new AudiosslError(
      `FeatureStore: ${file}: the front end must have the hash ${parsed.data.frontEndHash}, got ${frontEndHash(frontEnd)}; build the store again`,
    );
  }
  return { ...parsed.data, frontEnd };
}
