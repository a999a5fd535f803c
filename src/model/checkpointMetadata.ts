import { z } from 'zod';
import { AudiosslError, errorText } from '../util/errors.js';

const count = z.int().min(0);

/** What every checkpoint says about itself: enough to embed with it, to resume from it and to know where it came from. */
export const checkpointMetadata = z.looseObject({
  schemaVersion: z.literal(1),
  step: count.describe('optimiser updates done'),
  epoch: count.describe('epochs finished'),
  position: z.looseObject({ epoch: count, batch: count }).describe('where the sampler and the counter-based generator go on'),
  encoder: z.record(z.string(), z.unknown()).describe('encoder options'),
  projectionHead: z.record(z.string(), z.unknown()).nullable().describe('projection head options; null without one'),
  frontEnd: z.record(z.string(), z.unknown()).describe('the fully resolved front end'),
  patchFrames: z.int().min(1),
  patchHop: z.int().min(1),
  standardisation: z.object({
    mean: z.array(z.number()).min(1),
    standardDeviation: z.array(z.number().positive()).min(1),
    perClip: z.literal(true).optional().describe('every clip is standardised by its own mean and deviation before; absent = not'),
  }),
  classNames: z.array(z.string()).describe('empty without labels'),
  config: z.unknown().describe('the resolved config of the run'),
  versions: z.record(z.string(), z.string()),
  whitening: z.looseObject({ numClips: count, shrinkage: z.number() }).optional().describe('how the embeddings are whitened; absent = not'),
  monitor: z.record(z.string(), z.number().nullable()).describe('monitor values at this step'),
  weightsSha256: z.string().optional().describe('written and checked by this file: SHA-256 of all tensors; absent = not checked'),
  training: z.record(z.string(), z.unknown()).optional().describe("the training loop's own counters"),
});
export type CheckpointMetadata = z.infer<typeof checkpointMetadata>;

/** The text under a checkpoint's key `audiossl`. Throws AudiosslError where it is damaged or of another version. */
export function parseMetadata(text: string, path: string): CheckpointMetadata {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AudiosslError(`loadCheckpoint: ${path}: the metadata is not JSON: ${errorText(error)}`, { cause: error });
  }
  const version = typeof value === 'object' && value !== null && 'schemaVersion' in value ? value.schemaVersion : undefined;
  if (version !== 1) {
    throw new AudiosslError(
      `loadCheckpoint: ${path}: schemaVersion must be 1, got ${JSON.stringify(version)}; use the audiossl that wrote it`,
    );
  }
  const parsed = checkpointMetadata.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AudiosslError(
    `loadCheckpoint: ${path}: metadata: ${errorText(z.prettifyError(parsed.error))}; the file is damaged or no checkpoint of audiossl`,
  );
}
