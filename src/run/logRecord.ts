import { z } from 'zod';

/**
 * The records of log.jsonl, one JSON object a line, told apart by `kind`.
 * `step` counts optimiser updates done so far, `epoch` counts epochs from 1: after the first update of a run both are 1.
 * A measured number may be null: JSON's word for NaN and Infinity, so that a run that diverged can be read.
 * Further fields are kept: a method with other losses adds its own, named `...Loss`.
 */
const measured = z.number().nullable();
const count = z.int().min(0);
const time = z.string().optional().describe('ISO 8601, set by the writer');

/** Once at the start, and again at each resume. */
export const startRecord = z.looseObject({
  kind: z.literal('start'),
  time,
  command: z.array(z.string()).describe('program and arguments, as typed'),
  versions: z.record(z.string(), z.string()).describe('audiossl, node, tfjs, libtorch ...'),
  backend: z.string(),
  device: z.string(),
  precision: z.string(),
  threads: count,
  seed: count,
  configHash: z.string().describe('sha256 of the canonical JSON of the resolved config'),
  frontEndHash: z.string().optional(),
  splitSha256: z.string().optional().describe('sha256 of split.csv'),
  dataset: z.string().optional().describe('data folder or feature store, as given'),
  classNames: z.array(z.string()).describe('empty without labels'),
  numClips: z.looseObject({ train: count, validation: count, test: count }).describe('clips a split'),
  numParameters: z.record(z.string(), count).describe('trainable values a part: encoder, projectionHead, classifier ...'),
  dataNotes: z.array(z.string()).describe('what the reader must know about the data: clips dropped, splits drawn'),
  notes: z.array(z.string()).optional().describe("what was chosen for the user: the backend's notes"),
  environment: z.record(z.string(), z.string()).optional().describe('see describeEnvironment'),
  numEpochs: count.optional(),
  stepsPerEpoch: count.optional(),
  ranks: count.optional().describe('processes that train together; absent for one'),
  launcher: z.string().optional().describe('what started them: torchrun, slurm or processes'),
  resumedFromStep: count.optional().describe('only in the start record of a resume'),
  changedEngine: z
    .string()
    .optional()
    .describe('a line, where a resume computes on another backend, device, precision or number of threads or ranks'),
});

/** One optimiser update. */
export const stepRecord = z.looseObject({
  kind: z.literal('step'),
  time,
  step: count,
  epoch: count,
  loss: measured,
  contrastiveLoss: measured.optional(),
  crossEntropyLoss: measured.optional(),
  marginLoss: measured.optional(),
  learningRate: measured,
  patchesPerSecond: measured,
});

/** The end of a pass over the training clips: means over its steps. */
export const epochRecord = z.looseObject({
  kind: z.literal('epoch'),
  time,
  step: count,
  epoch: count,
  loss: measured,
  contrastiveLoss: measured.optional(),
  crossEntropyLoss: measured.optional(),
  marginLoss: measured.optional(),
  learningRate: measured.optional(),
  patchesPerSecond: measured.optional(),
  seconds: measured,
});

/** A look at the validation clips. The accuracies are there only with labels; `validationLoss` and what follows are of fixed views. */
export const monitorRecord = z.looseObject({
  kind: z.literal('monitor'),
  time,
  step: count,
  epoch: count,
  knnClipMicroAccuracy: measured.optional(),
  knnClipMacroAccuracy: measured.optional(),
  probeClipMicroAccuracy: measured.optional().describe('of train.onlineProbe, the linear classifier trained along'),
  probeClipMacroAccuracy: measured.optional(),
  clipMicroAccuracy: measured.optional().describe("of a supervised run: its own classifier's"),
  clipMacroAccuracy: measured.optional(),
  validationLoss: measured.optional(),
  alignment: measured.optional(),
  uniformity: measured.optional(),
  tolerance: measured.optional().describe('with labels only: see eval/tolerance.ts; both views of the clips'),
  standardDeviation: measured.optional().describe('mean over dimensions of the standard deviation of L2-normalised h'),
  relativeSpread: measured.optional().describe('sqrt of the summed variances of L2-normalised h: 0 = all clips alike, 1 at most'),
  alignmentPlusUniformity: measured.optional(),
  effectiveRank: measured.optional(),
  selectedBy: z.string().optional().describe('which of these chooses the best checkpoint; absent in runs of earlier versions'),
  collapse: z.string().optional().describe('the warning in one line, when the embedding seems to collapse'),
  isBest: z.boolean(),
  seconds: measured.optional(),
});

/** The last record of a run, or of one of its parts when it was interrupted and taken up again. */
export const endRecord = z.looseObject({
  kind: z.literal('end'),
  time,
  reason: z.enum(['finished', 'interrupted', 'earlyStopping', 'paused']),
  step: count,
  epoch: count,
  bestStep: count.optional(),
  bestEpoch: count.optional(),
  bestValue: measured.optional().describe('of what chose the best checkpoint'),
  seconds: measured.optional(),
  peakMebibytes: count.optional().describe('most memory that the process had held, code and buffers of libraries included; of rank 0'),
});

export const logRecord = z.discriminatedUnion('kind', [startRecord, stepRecord, epochRecord, monitorRecord, endRecord]);

export type StartRecord = z.infer<typeof startRecord>;
export type StepRecord = z.infer<typeof stepRecord>;
export type EpochRecord = z.infer<typeof epochRecord>;
export type MonitorRecord = z.infer<typeof monitorRecord>;
export type EndRecord = z.infer<typeof endRecord>;
export type LogRecord = z.infer<typeof logRecord>;
