import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { disposeParameters } from '../nn/parameters.js';
import { isWidth, resnet18, widthRule } from '../nn/resnet18.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { packageVersion } from '../util/packageVersion.js';
import { loadSafetensors, type SafetensorsTensor } from '../util/safetensors.js';
import { type CheckpointMetadata, type CheckpointTensors, checkpointMetadata, saveCheckpoint } from './checkpoint.js';
import { floatValues } from './floatValues.js';
import { toTfjsLayout, toTorchLayout, type Values } from './weightLayout.js';

/** What an encoder must be fed with: not to be seen from its weights. */
export type EncoderInput = Pick<CheckpointMetadata, 'frontEnd' | 'patchFrames' | 'patchHop' | 'standardisation'>;

export interface ImportedModel {
  out: string;
  width: number;
  /** Values of the encoder. */
  numValues: number;
  /** What was done to the file's tensors, a line each. */
  notes: string[];
}

/** What `export --format torchvision` writes beside the weights. */
const ownFacts = checkpointMetadata
  .pick({ frontEnd: true, patchFrames: true, patchHop: true, standardisation: true, encoder: true })
  .extend({
    whitening: z.unknown().optional(),
    model: z.looseObject({ step: z.int().min(0).catch(0), epoch: z.int().min(0).catch(0) }).catch({ step: 0, epoch: 0 }),
  });

const COUNTER = 'num_batches_tracked';

/**
 * Makes a model of ours from a ResNet-18 that was trained elsewhere: safetensors under torchvision's names (F32, F64, F16 or BF16), with or
 * without `num_batches_tracked`. A `conv1` of three input channels is summed over them, which is what it does to a log-mel shown three
 * times; `fc` is left out.
 *
 * @param input what the encoder was fed with; absent: the file's own, where `export --format torchvision` wrote it
 * `prefix` stands before every name, such as `backbone.`; tensors without it are left out.
 *
 * Throws UsageError where nothing says what the encoder is fed with, AudiosslError naming file and tensors for what is missing, unknown,
 * wrongly shaped or not finite.
 *
 * @example
 * ```ts
 * import { importTorchvision, loadModel } from 'audiossl';
 * const { checkpoint, frontEnd, patchFrames, patchHop, metadata } = await loadModel('runs/mine');
 * // Any file with torchvision's names would do; this one has them after a prefix.
 * const given = { weights: checkpoint.path, prefix: 'encoder.' };
 * const input = { frontEnd, patchFrames, patchHop, standardisation: metadata.standardisation };
 * const { width } = await importTorchvision({ ...given, out: 'imported.safetensors', input });
 * [width, (await loadModel('imported.safetensors')).encoder.embeddingSize]; // => [16, 128]
 * ```
 */
export async function importTorchvision({
  weights,
  out,
  input,
  prefix = '',
}: {
  weights: string;
  out: string;
  input?: EncoderInput;
  prefix?: string;
}): Promise<ImportedModel> {
  if (!existsSync(weights)) throw new UsageError(`import: --weights must be a .safetensors file, ${weights} does not exist`);
  if (resolve(weights) === resolve(out)) throw new UsageError(`import: --out must be another file than --weights, got ${out} for both`);
  const { tensors, metadata } = await loadSafetensors(weights);
  const own = ownFactsOf(metadata, weights);
  const fedWith = input ?? own;
  if (fedWith === undefined) {
    throw new UsageError(
      `import: ${weights} does not say what the encoder was fed with; give --like MODEL (front end, patches and standardisation of one of ours) or --features STORE`,
    );
  }
  const { values, notes } = encoderValues(tensors, prefix, weights);
  if (own?.whitening) notes.push('the whitening that the model had is not in the file: embeddings are what it is made from');
  const width = values.get('conv1.weight')?.shape[0] ?? 0;
  const { name = 'resnet18', pooling = 'mean' } = (own?.encoder ?? {}) as { name?: string; pooling?: string };
  if (name !== 'resnet18') throw new UsageError(`import: ${weights} holds a ${name}; only resnet18 has torchvision's names`);
  const encoder: CheckpointTensors = new Map([...values].map(([key, value]) => [`encoder.${key}`, toTfjsLayout(key, value)]));
  const { frontEnd, patchFrames, patchHop, standardisation } = fedWith;
  const { step, epoch } = own?.model ?? { step: 0, epoch: 0 };
  await saveCheckpoint(out, {
    metadata: {
      ...{ schemaVersion: 1, step, epoch, position: { epoch: epoch + 1, batch: 0 } },
      ...{ encoder: { name: 'resnet18', width, pooling }, projectionHead: null, frontEnd, patchFrames, patchHop, standardisation },
      ...{ classNames: [], config: {}, versions: { audiossl: packageVersion() }, monitor: {} },
    },
    tensors: encoder,
  });
  const trainable = [...values].filter(([key]) => !/running_(mean|var)$/.test(key));
  return { out, width, numValues: trainable.reduce((sum, [, { data }]) => sum + data.length, 0), notes };
}

function ownFactsOf(metadata: Record<string, string>, file: string): z.infer<typeof ownFacts> | undefined {
  if (!Object.hasOwn(metadata, 'audiossl')) return undefined;
  try {
    return ownFacts.parse(JSON.parse(metadata.audiossl));
  } catch (error) {
    throw new AudiosslError(`import: ${file}: its metadata "audiossl" is not what export wrote; give --like MODEL to a copy without it`, {
      cause: error,
    });
  }
}

/** The encoder's tensors under bare names, in PyTorch's layout. */
function encoderValues(
  all: ReadonlyMap<string, SafetensorsTensor>,
  prefix: string,
  file: string,
): { values: Map<string, Values>; notes: string[] } {
  const notes: string[] = [];
  const given = new Map([...all].filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  const outside = [...all.keys()].filter((name) => !name.startsWith(prefix));
  if (outside.length > 0) notes.push(`left out what is not under ${prefix}: ${listed(outside)}`);
  const conv1 = given.get('conv1.weight');
  if (conv1 === undefined) {
    const found = [...all.keys()].find((name) => name.endsWith('conv1.weight') && !/layer\d/.test(name));
    const remedy = found === undefined ? `it has ${listed([...all.keys()])}` : `try --prefix ${found.slice(0, -'conv1.weight'.length)}`;
    throw new AudiosslError(`import: ${file}: there must be a ${prefix}conv1.weight, as torchvision's ResNet-18 has; ${remedy}`);
  }
  const head = [...given.keys()].filter((name) => name.startsWith('fc.'));
  if (head.length > 0) notes.push(`left out the head: ${head.join(', ')}`);
  const [width, numChannels] = conv1.shape;
  if (conv1.shape.length !== 4 || !isWidth(width))
    throw new AudiosslError(`import: ${file}: conv1.weight must be [width, 1, 7, 7], ${widthRule}, got [${conv1.shape}]`);
  const expected = expectedShapes(width);
  if (numChannels === 3) expected.set('conv1.weight', [width, 3, 7, 7]);
  const names = [...given.keys()].filter((name) => !head.includes(name) && !name.endsWith(COUNTER));
  const missing = [...expected.keys()].filter((name) => !given.has(name));
  const unknown = names.filter((name) => !expected.has(name));
  const misShaped = [...expected].flatMap(([name, shape]) => {
    const found = given.get(name)?.shape;
    return found === undefined || String(found) === String(shape) ? [] : [`${name} [${found}] instead of [${shape}]`];
  });
  const problems = [
    ...(missing.length > 0 ? [`missing ${listed(missing)}`] : []),
    ...(unknown.length > 0 ? [`unknown ${listed(unknown)}`] : []),
    ...(misShaped.length > 0 ? [`wrongly shaped ${listed(misShaped)}`] : []),
  ];
  if (problems.length > 0) throw new AudiosslError(`import: ${file} is no ResNet-18 of torchvision: ${problems.join('; ')}`);
  const values = new Map<string, Values>();
  for (const name of expected.keys()) {
    const value = floatValues(given.get(name) as SafetensorsTensor);
    if (value === undefined)
      throw new AudiosslError(`import: ${file}: ${name} must be F32, F64, F16 or BF16, is ${given.get(name)?.dtype}`);
    const at = value.data.findIndex((each) => !Number.isFinite(each));
    if (at >= 0) throw new AudiosslError(`import: ${file}: ${name} must hold finite values, value ${at} is ${value.data[at]}`);
    values.set(name, value);
  }
  if (numChannels === 3) {
    values.set('conv1.weight', summedOverChannels(values.get('conv1.weight') as Values));
    notes.push('summed conv1 over its 3 input channels');
  }
  return { values, notes };
}

/** Of torchvision's ResNet-18 with one input channel and without fc. */
function expectedShapes(width: number): Map<string, number[]> {
  const parameters = resnet18({ width }).createParameters({ seed: 0 });
  const shapes = [...parameters].map(([name, { shape, size }]): [string, number[]] => [
    name,
    toTorchLayout(name, { shape, data: new Float32Array(size) }).shape,
  ]);
  disposeParameters(parameters);
  return new Map(shapes);
}

/** [out, channels, height, width] -> [out, 1, height, width] */
function summedOverChannels({ shape: [out, channels, ...kernel], data }: Values): Values {
  const size = kernel.reduce((a, b) => a * b, 1);
  const sums = new Float32Array(out * size);
  for (let filter = 0; filter < out; filter++) {
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) sum += data[(filter * channels + channel) * size + i];
      sums[filter * size + i] = sum;
    }
  }
  return { shape: [out, 1, ...kernel], data: sums };
}

const listed = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
