import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AudiosslError, errorText } from '../util/errors.js';
import { decodeFloat16, encodeFloat16 } from '../util/float16.js';
import { loadSafetensors, type SafetensorsTensor, saveSafetensors } from '../util/safetensors.js';
import { toTfjsLayout, toTorchLayout, type Values } from './weightLayout.js';

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
  standardisation: z.object({ mean: z.array(z.number()).min(1), standardDeviation: z.array(z.number().positive()).min(1) }),
  classNames: z.array(z.string()).describe('empty without labels'),
  config: z.unknown().describe('the resolved config of the run'),
  versions: z.record(z.string(), z.string()),
  whitening: z.looseObject({ numClips: count, shrinkage: z.number() }).optional().describe('how the embeddings are whitened; absent = not'),
  monitor: z.record(z.string(), z.number().nullable()).describe('monitor values at this step'),
  weightsSha256: z.string().optional().describe('written and checked by this file: SHA-256 of all tensors; absent = not checked'),
  training: z.record(z.string(), z.unknown()).optional().describe("the training loop's own counters"),
});
export type CheckpointMetadata = z.infer<typeof checkpointMetadata>;

/** Tensors by full name (`encoder.conv1.weight`, `optimizer.momentum.encoder.conv1.weight`), float32, in tfjs's layout. */
export type CheckpointTensors = Map<string, Values>;

export interface Checkpoint {
  metadata: CheckpointMetadata;
  tensors: CheckpointTensors;
}

const BATCHES = 'num_batches_tracked';

/**
 * Writes one safetensors file: tensors in PyTorch's layout, metadata as JSON under the one key `audiossl`. Atomic and flushed.
 * PyTorch's batch norms also hold `num_batches_tracked` (int64, unused with a fixed momentum): where the tensors have
 * a `running_mean` without one, the number of steps is written, so that `load_state_dict(strict=True)` is content.
 *
 * @param half filters and matrices as float16 (a relative error of 2^-11 at most), for handing a model on at half the size; vectors, which
 * are few, stay float32. Throws AudiosslError for a value that float16 cannot hold
 */
export async function saveCheckpoint(path: string, { metadata, tensors }: Checkpoint, { half = false } = {}): Promise<void> {
  const out = new Map<string, SafetensorsTensor>();
  for (const [name, values] of tensors) {
    if (name.endsWith(BATCHES)) {
      out.set(name, { dtype: 'I64', shape: values.shape, data: BigInt64Array.from(values.data, (value) => BigInt(Math.round(value))) });
      continue;
    }
    const laidOut = toTorchLayout(name, values);
    out.set(name, half && values.shape.length > 1 ? halved(name, laidOut, path) : { dtype: 'F32', ...laidOut });
    const counter = name.replace(/running_mean$/, BATCHES);
    if (counter !== name && !tensors.has(counter)) {
      out.set(counter, { dtype: 'I64', shape: [], data: BigInt64Array.of(BigInt(metadata.step)) });
    }
  }
  await saveSafetensors(path, { tensors: out, metadata: { audiossl: JSON.stringify({ ...metadata, weightsSha256: hashTensors(out) }) } });
}

function halved(name: string, { shape, data }: Values, path: string): SafetensorsTensor {
  const halves = encodeFloat16(data);
  const at = halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (at >= 0) throw new AudiosslError(`saveCheckpoint: ${path}: ${name} holds ${data[at]}, which float16 cannot; write it without half`);
  return { dtype: 'F16', shape, data: halves };
}

/** Reads a checkpoint back into tfjs's layout. Throws AudiosslError when the file is broken or is not one of ours. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await loadSafetensors(path);
  if (!Object.hasOwn(metadata, 'audiossl')) {
    throw new AudiosslError(
      `loadCheckpoint: ${path}: needs the metadata key "audiossl", has ${Object.keys(metadata).join(', ') || 'none'}`,
    );
  }
  const { weightsSha256, ...own } = parseMetadata(metadata.audiossl, path);
  if (weightsSha256 !== undefined && weightsSha256 !== hashTensors(tensors)) {
    throw new AudiosslError(
      `loadCheckpoint: ${path}: the weights are damaged: their SHA-256 must be ${weightsSha256.slice(0, 12)}..., got ${hashTensors(tensors).slice(0, 12)}...; use another checkpoint or a copy`,
    );
  }
  const converted: CheckpointTensors = new Map();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype === 'F32') converted.set(name, toTfjsLayout(name, { shape, data: data as Float32Array }));
    else if (dtype === 'F16') converted.set(name, toTfjsLayout(name, { shape, data: decodeFloat16(data as Uint16Array) }));
    else if (name.endsWith(BATCHES)) converted.set(name, { shape, data: Float32Array.from(data, Number) });
    else throw new AudiosslError(`loadCheckpoint: ${path}: "${name}" must be F32 or F16, got ${dtype}`);
  }
  return { metadata: own, tensors: converted };
}

/** SHA-256 of all names and bytes, by name: what the disk or a copy did to a weight shows. */
function hashTensors(tensors: ReadonlyMap<string, SafetensorsTensor>): string {
  const hash = createHash('sha256');
  for (const name of [...tensors.keys()].sort()) {
    const { data } = tensors.get(name) as SafetensorsTensor;
    hash.update(`${name}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

function parseMetadata(text: string, path: string): CheckpointMetadata {
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
