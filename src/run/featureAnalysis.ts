import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../util/atomicFile.js';
import { AudiosslError, errorText } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';
import { evaluationName } from './evaluationRecord.js';
import { isNodeError, type RunFolder } from './runFolder.js';

const count = z.int().min(0);
/** The same quantity on embeddings h and on projections z; z is null for a model without a projection head. */
const ofSpaces = <T extends z.ZodType>(value: T) => z.strictObject({ h: value, z: value.nullable() });
const cosine = z.number().min(-1.001).max(1.001);

/** Distances |x - y| of L2-normalised rows, 0 .. 2. The same bins in every file, so that runs may be laid over each other. */
const histogram = z.strictObject({
  low: z.number(),
  high: z.number(),
  counts: z.array(count).min(1).describe('bins of equal width from low to high; the last one includes high'),
  numPairs: count.describe('the sum of counts'),
  mean: z.number().min(0).describe('of the distances themselves, not of the bins'),
  standardDeviation: z.number().min(0),
  median: z.number().min(0),
});
export type DistanceHistogram = z.infer<typeof histogram>;

const points = z.array(z.tuple([z.number(), z.number()])).describe('[angle in radians, gradient]');

/** The three quantities on one kind of positive pairs. */
const quantities = {
  uniformity: ofSpaces(z.number().max(1e-6)).describe(
    'log mean over pairs a < b of exp(-2 |x_a - x_b|^2), first view of each clip only; <= 0, lower = more even. The published tables list minus this',
  ),
  tolerance: ofSpaces(cosine)
    .nullable()
    .describe(
      'mean cosine over all ordered pairs of rows of one class, both views stacked, a clip with its own other view included; null without labels',
    ),
  alignment: ofSpaces(z.number().min(0).max(4.001)).describe('mean |x - y|^2 over the positive pairs'),
  sameClassCosine: ofSpaces(cosine)
    .nullable()
    .describe('mean cosine of different clips of one class, first view only: tolerance without the pairs of a clip with itself'),
  otherClassCosine: ofSpaces(cosine)
    .nullable()
    .describe('mean cosine of clips of different classes, first view only; where it follows the tolerance, the space has shrunk'),
};

/**
 * analysis/features-<split>-<checkpoint>-seed<N>.json of a run: how its evaluation-mode encoder spreads the clips of one split on the sphere.
 * Top level: positive pairs are the two views that the run's own pipeline makes of a clip (two random patches, augmented).
 * `patches`: the same two random patches without augmentation. h = embedding, z = projection.
 * Curves over the temperature take one file a run and read `loss.temperature`, `loss.contrastiveWeight`.
 */
export const featureAnalysisRecord = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.literal('features'),
  split: z.enum(['train', 'validation', 'test']),
  checkpoint: z.string().describe('best, last, whitened, or the path given'),
  checkpointSha256: z.string(),
  checkpointStep: count.nullable(),
  checkpointEpoch: count.nullable(),
  seed: count.describe("names the patches and the augmentations' draws"),
  time: z.string().describe('ISO 8601'),
  command: z.array(z.string()),
  loss: z.record(z.string(), z.json()).describe("the run's resolved loss options: name, temperature, contrastiveWeight ..."),
  views: z.array(z.string()).describe("names of the run's augmentations, in order"),
  notes: z.array(z.string()).default([]),
  numClips: count,
  numLabelledClips: count,
  numPositivePairs: count,
  classNames: z.array(z.string()).describe('empty for unlabelled data'),
  embeddingSize: z.strictObject({ h: count, z: count.nullable() }),
  ...quantities,
  patches: z.strictObject(quantities),
  histograms: z.strictObject({
    views: ofSpaces(histogram).describe('positive pairs: two views of a clip'),
    patches: ofSpaces(histogram).describe('positive pairs: two random patches of a clip, not augmented'),
    otherClips: ofSpaces(histogram).describe('first views of two different clips: all pairs, or a sample of them named by the seed'),
  }),
  gradients: z
    .array(
      z.strictObject({
        loss: z.string(),
        option: z.string(),
        kind: z.enum(['positive', 'negative']),
        series: z.array(z.strictObject({ value: z.number().nullable(), curve: points, measured: points })),
      }),
    )
    .optional()
    .describe('gradients of losses by the angle of a pair, on z of a batch: see eval/gradientResponses.ts; without a projection head none'),
  definitions: z.record(z.string(), z.string()).describe('what each quantity is, in words, for whoever reads the file alone'),
  seconds: z.record(z.string(), z.number().min(0)),
  versions: z.record(z.string(), z.string()),
  backend: z.string(),
  environment: z.record(z.string(), z.string()),
  frontEndHash: z.string(),
  configHash: z.string(),
  splitSha256: z.string(),
});

export type FeatureAnalysisRecord = z.infer<typeof featureAnalysisRecord>;
/** What a writer gives. */
export type FeatureAnalysisInput = z.input<typeof featureAnalysisRecord>;

/** `features-<split>-<checkpoint>-seed<N>`. */
export function featureAnalysisName({ split, checkpoint, seed }: Pick<FeatureAnalysisRecord, 'split' | 'checkpoint' | 'seed'>): string {
  return evaluationName({ protocol: 'features', split, checkpoint, seed });
}

/** The folder of a run's analyses. */
export function analysisDir(run: Pick<RunFolder, 'dir'>): string {
  return join(run.dir, 'analysis');
}

/** Writes RUN/analysis/<name>.json and returns its path. Throws AudiosslError for a record that contradicts its schema. */
export async function writeFeatureAnalysis(run: RunFolder, record: FeatureAnalysisInput): Promise<string> {
  const path = join(analysisDir(run), `${featureAnalysisName(record)}.json`);
  const checked = checkRecord(record, path);
  await makeFolder(analysisDir(run));
  await writeFileAtomic(path, `${JSON.stringify(checked, null, 2)}\n`);
  return path;
}

/** Every feature analysis of a run, by name; none where there is no folder. */
export async function readFeatureAnalyses(run: RunFolder): Promise<{ name: string; record: FeatureAnalysisRecord }[]> {
  let files: string[];
  try {
    files = await readdir(analysisDir(run));
  } catch (error) {
    if (isNodeError(error, 'ENOENT')) return [];
    throw error;
  }
  const names = files.filter((file) => file.startsWith('features-') && file.endsWith('.json')).sort();
  return Promise.all(
    names.map(async (file) => {
      const path = join(analysisDir(run), file);
      let value: unknown;
      try {
        value = JSON.parse(await readFile(path, 'utf8'));
      } catch (error) {
        throw new AudiosslError(`readFeatureAnalyses: ${path} must be JSON: ${errorText(error)}`, { cause: error });
      }
      return { name: file.slice(0, -'.json'.length), record: checkRecord(value, path) };
    }),
  );
}

function checkRecord(value: unknown, path: string): FeatureAnalysisRecord {
  const parsed = featureAnalysisRecord.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AudiosslError(`feature analysis: ${path}: ${z.prettifyError(parsed.error).replace(/\s*\n\s*/g, ' ')}`);
}
