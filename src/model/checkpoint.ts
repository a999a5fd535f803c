import { AudiosslError } from '../util/errors.js';
import { encodeFloat16 } from '../util/float16.js';
import { type SafetensorsTensor, saveSafetensors } from '../util/safetensors.js';
import type { CheckpointMetadata } from './checkpointMetadata.js';
import { BATCHES, hashWeights, openCheckpoint } from './openCheckpoint.js';
import { toTorchLayout, type Values } from './weightLayout.js';

export { type CheckpointMetadata, checkpointMetadata } from './checkpointMetadata.js';

/** Tensors by full name (`encoder.conv1.weight`, `optimizer.momentum.encoder.conv1.weight`), float32, in tfjs's layout. */
export type CheckpointTensors = Map<string, Values>;

export interface Checkpoint {
  metadata: CheckpointMetadata;
  tensors: CheckpointTensors;
}

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
  const weightsSha256 = await hashWeights(out.keys(), (name) => [bytesOf(out.get(name) as SafetensorsTensor)]);
  await saveSafetensors(path, { tensors: out, metadata: { audiossl: JSON.stringify({ ...metadata, weightsSha256 }) } });
}

const bytesOf = ({ data }: SafetensorsTensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function halved(name: string, { shape, data }: Values, path: string): SafetensorsTensor {
  const halves = encodeFloat16(data);
  const at = halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (at >= 0) throw new AudiosslError(`saveCheckpoint: ${path}: ${name} holds ${data[at]}, which float16 cannot; write it without half`);
  return { dtype: 'F16', shape, data: halves };
}

/** Reads a whole checkpoint back into tfjs's layout. Throws AudiosslError when the file is broken or is not one of ours. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const file = await openCheckpoint(path);
  try {
    const tensors: CheckpointTensors = new Map();
    for (const name of file.shapes.keys()) tensors.set(name, await file.read(name));
    return { metadata: file.metadata, tensors };
  } finally {
    await file.close();
  }
}
