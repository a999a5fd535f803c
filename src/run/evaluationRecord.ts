import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../util/atomicFile.js';
import { isCheckpointName } from '../util/checkpointNames.js';
import { AudiosslError, errorText } from '../util/errors.js';
import { canonicalJson, sha256 } from '../util/hash.js';
import { isNodeError, type RunFolder } from './runFolder.js';

const rate = z.number().min(0).max(1);
const count = z.int().min(0);
/** A 95 % interval: [low, high]. */
const interval = z.tuple([rate, rate]);

/** Accuracies of one predictor on the clips of one split. `null` = not defined (top-3 of three classes, an interval that was not computed). */
const scores = {
  clipMicroAccuracy: rate.describe('share of the clips that are right'),
  clipMicroAccuracyInterval: interval.nullable(),
  clipMacroAccuracy: rate.describe('mean over the classes of their recall, classes without clips left out'),
  clipMacroAccuracyInterval: interval.nullable(),
  patchWeightedAccuracy: rate.nullable().describe("each clip weighs its number of patches: the authors' 'micro'"),
  top3Accuracy: rate.nullable(),
};

const difference = z.strictObject({
  estimate: z.number().min(-1).max(1),
  low: z.number().min(-1).max(1),
  high: z.number().min(-1).max(1),
  pValue: rate.describe('two-sided, of "no difference"'),
});

/** Of two predictors on the same clips: bootstrap of whole recordings, both on the same draws. */
export const pairedDifference = z.strictObject({
  micro: difference.describe('of the shares of clips that are right, with its 95 % interval'),
  macro: difference.describe('of the mean recalls'),
});
export type PairedDifference = z.infer<typeof pairedDifference>;

/** Another predictor under the same protocol on the same clips: chance, log-mel statistics with a ridge classifier, random weights. */
export const baselineRecord = z.strictObject({
  name: z.string(),
  ...scores,
  patchWeightedAccuracy: rate.nullable().default(null),
  top3Accuracy: rate.nullable().default(null),
  note: z.string().optional(),
  difference: pairedDifference
    .nullable()
    .default(null)
    .describe(
      'of the evaluated encoder to this one, paired over clips; null where it predicts no clips (chance), or recordings are too few',
    ),
});

/** How far predicted probabilities can be believed: confidence (the highest probability of a clip) against accuracy, in bins of equal width. */
export const calibrationRecord = z.strictObject({
  expectedCalibrationError: rate.describe('mean over clips of |accuracy - mean confidence| of their bin'),
  maximumCalibrationError: rate.describe('of the worst bin that has clips'),
  brierScore: z.number().min(0).max(2).describe('mean over clips of the summed squared difference to the one-hot label'),
  negativeLogLikelihood: z.number().min(0).nullable().describe('natural logarithm, mean over clips; null where a label has probability 0'),
  bins: z.array(
    z.strictObject({
      low: rate,
      high: rate,
      numClips: count,
      meanConfidence: rate.nullable().describe('null in an empty bin'),
      accuracy: rate.nullable(),
    }),
  ),
});

/** evaluations/<name>.json: one protocol on one split of one run's checkpoint. */
export const evaluationRecord = z.strictObject({
  schemaVersion: z.literal(1),
  protocol: z.string().describe('knn, linear, finetune, classifier'),
  labelFraction: z.number().gt(0).max(1).nullable().default(null).describe('share of the training labels that were used; null = all'),
  shots: z.int().min(1).nullable().default(null).describe('labelled training clips a class; null = all'),
  fold: z.string().min(1).nullable().default(null).describe('of a k-fold evaluation: the fold that was tested'),
  folds: z
    .array(z.strictObject({ fold: z.string().min(1), numClips: count, clipMicroAccuracy: rate, clipMacroAccuracy: rate }))
    .default([])
    .describe('the record pools the test clips of these folds, each predicted without its own fold; empty = it pools nothing'),
  trainOn: z
    .enum(['clean', 'noisy'])
    .nullable()
    .default(null)
    .describe("FSDnoisy18k: subset whose labels were learnt from; null = the run's split"),
  dataset: z.string().min(1).nullable().default(null).describe("transfer: name of the data where they are not the run's own"),
  split: z.enum(['train', 'validation', 'test']),
  variant: z.string().nullable().default(null).describe("options that are not the run's own, in one word"),
  checkpoint: z.string().describe('best, last, whitened, or the path given'),
  checkpointSha256: z.string(),
  checkpointStep: count.nullable().default(null),
  checkpointEpoch: count.nullable().default(null),
  seed: count,
  time: z.string().describe('ISO 8601'),
  command: z.array(z.string()),
  options: z
    .record(z.string(), z.json())
    .default({})
    .describe("the protocol's resolved options, and derived numbers such as the size of the bank"),
  classNames: z.array(z.string()).min(1),
  numClips: count,
  numPatches: count.nullable().default(null),
  ...scores,
  intervalMethod: z.record(z.string(), z.string()).default({}).describe('how each interval was made: { clipMicroAccuracy: "Wilson" ... }'),
  perClass: z
    .array(
      z.strictObject({
        label: z.string(),
        numClips: count,
        recall: rate.nullable().describe('null where the split has no clip of the class'),
        interval: interval.nullable(),
      }),
    )
    .describe('in the order of classNames'),
  confusion: z.array(z.array(count)).describe('[true class, predicted class], clips'),
  calibration: calibrationRecord.nullable().default(null),
  baselines: z.array(baselineRecord).default([]),
  seconds: z.record(z.string(), z.number().min(0)).default({}).describe('durations of the parts: embed, train, predict'),
  versions: z.record(z.string(), z.string()),
  backend: z.string().nullable().default(null).describe('name, device and precision in one line'),
  environment: z.record(z.string(), z.string()).default({}),
  frontEndHash: z.string(),
  configHash: z.string(),
  splitSha256: z.string().nullable().default(null),
  notes: z.array(z.string()).default([]),
});

export type EvaluationRecord = z.infer<typeof evaluationRecord>;
/** What a writer gives: fields with a default may be left out. */
export type EvaluationInput = z.input<typeof evaluationRecord>;
export type BaselineRecord = z.infer<typeof baselineRecord>;
export type CalibrationRecord = z.infer<typeof calibrationRecord>;
export type Interval = z.infer<typeof interval>;

/**
 * `<protocol>[-on_<dataset>][-clean|-noisy][-labels<percent>|-shots<k>][-fold<k>|-folds<k>_<k>...][-<options>]-<split>-<checkpoint>-seed<N>`;
 * a checkpoint given by path is named by its file and 8 digits of the path's hash, which also stand behind a fold whose name is long or
 * has other characters than files need; many folds are named by their number and hash.
 */
export function evaluationName({
  protocol,
  dataset = null,
  trainOn = null,
  labelFraction = null,
  shots = null,
  fold = null,
  folds = [],
  variant = null,
  split,
  checkpoint,
  seed,
}: Pick<
  EvaluationInput,
  'protocol' | 'dataset' | 'trainOn' | 'labelFraction' | 'shots' | 'fold' | 'folds' | 'variant' | 'split' | 'checkpoint' | 'seed'
>): string {
  const file = fileWord(basename(checkpoint).replace(/\.safetensors$/, ''));
  return [
    protocol,
    dataset !== null && `on_${fileWord(dataset)}`,
    trainOn ?? false,
    labelFraction !== null && `labels${Number((100 * labelFraction).toPrecision(6))}`,
    shots !== null && `shots${shots}`,
    fold !== null && `fold${ownWord(fold)}`,
    folds.length > 0 && foldsWord(folds.map((row) => row.fold)),
    variant !== null && fileWord(variant),
    split,
    isCheckpointName(checkpoint) ? checkpoint : `${file}_${sha256(checkpoint).slice(0, 8)}`,
    `seed${seed}`,
  ]
    .filter((part) => part !== false)
    .join('-');
}

/** Numbers in a record's options that came out of the evaluation, and one that changes its speed alone. */
const derivedOptions = new Set([
  ...['bankPatches', 'bankClips', 'neighbours', 'trainClips', 'epoch', 'validationClipMacroAccuracy', 'seenInTraining'],
  'embeddingBatchSize',
]);

/** What was chosen of a record's options: evaluations that differ here are different ones, and no mean goes over them. */
export function chosenOptions({ options }: Pick<EvaluationRecord, 'options'>): EvaluationRecord['options'] {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !derivedOptions.has(key)));
}

function fileWord(text: string): string {
  return text.replace(/[^A-Za-z0-9._]+/g, '_');
}

/** Most characters of a name that go into a file's. */
const MOST_CHARACTERS = 60;

/** A word for each text: with 8 digits of its hash where other texts have the same characters left. */
function ownWord(text: string): string {
  const word = fileWord(text).slice(0, MOST_CHARACTERS);
  return word === text ? word : `${word}_${sha256(text).slice(0, 8)}`;
}

function foldsWord(folds: readonly string[]): string {
  const word = folds.map(ownWord).join('_');
  return word.length <= MOST_CHARACTERS ? `folds${word}` : `folds${folds.length}_${sha256(canonicalJson(folds)).slice(0, 8)}`;
}

/** The files of one evaluation. */
export function evaluationPaths(run: RunFolder, name: string): { record: string; predictions: string; embeddings: string; probe: string } {
  const base = join(run.evaluations, name);
  return {
    record: `${base}.json`,
    predictions: `${base}.predictions.csv`,
    embeddings: `${base}.embeddings.npy`,
    probe: `${base}.probe.safetensors`,
  };
}

/**
 * Writes evaluations/<name>.json and returns the name. Write it last, after predictions and embeddings: its presence says that the evaluation is whole.
 * Throws AudiosslError when the numbers contradict each other (a wrong table must not reach a report).
 */
export async function writeEvaluation(run: RunFolder, record: EvaluationInput): Promise<string> {
  const name = evaluationName(record);
  const checked = checkEvaluation(record, name);
  await writeFileAtomic(evaluationPaths(run, name).record, `${JSON.stringify(checked, null, 2)}\n`);
  return name;
}

/** Every evaluation of a run, by name. */
export async function readEvaluations(run: RunFolder): Promise<{ name: string; record: EvaluationRecord }[]> {
  const files = (await readdirOrEmpty(run.evaluations)).filter((file) => file.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (file) => {
      const path = join(run.evaluations, file);
      let value: unknown;
      try {
        value = JSON.parse(await readFile(path, 'utf8'));
      } catch (error) {
        throw new AudiosslError(`readEvaluations: ${path} must be JSON: ${errorText(error)}`, { cause: error });
      }
      return { name: file.slice(0, -'.json'.length), record: checkEvaluation(value, path) };
    }),
  );
}

function checkEvaluation(value: unknown, name: string): EvaluationRecord {
  const parsed = evaluationRecord.safeParse(value);
  if (!parsed.success) {
    throw new AudiosslError(`evaluation: ${name}: ${z.prettifyError(parsed.error).replace(/\s*\n\s*/g, ' ')}`);
  }
  const record = parsed.data;
  const size = record.classNames.length;
  const fail = (what: string): never => {
    throw new AudiosslError(`evaluation: ${name}: ${what}`);
  };
  if (record.confusion.length !== size || record.confusion.some((row) => row.length !== size)) {
    fail(`the confusion matrix must be ${size} x ${size} (class names), got ${record.confusion.map((row) => row.length).join(', ')}`);
  }
  if (record.perClass.length !== size || record.perClass.some((row, i) => row.label !== record.classNames[i])) {
    fail(`perClass must follow the ${size} class names, got ${record.perClass.map((row) => row.label).join(', ')}`);
  }
  const numClips = record.confusion.flat().reduce((sum, n) => sum + n, 0);
  if (numClips !== record.numClips) fail(`the confusion matrix must hold numClips ${record.numClips} clips, holds ${numClips}`);
  return record;
}

async function readdirOrEmpty(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (isNodeError(error, 'ENOENT')) return [];
    throw error;
  }
}
