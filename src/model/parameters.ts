import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import type { CheckpointTensors } from './checkpoint.js';
import { BATCHES, type OpenCheckpoint } from './openCheckpoint.js';
import type { Values } from './weightLayout.js';

/** Reads tensors (an encoder's parameters, an optimiser's state) under `prefix.`, for `saveCheckpoint`. */
export async function collectTensors(prefix: string, tensors: ReadonlyMap<string, tf.Tensor>): Promise<CheckpointTensors> {
  const entries = await Promise.all(
    [...tensors].map(async ([name, tensor]): Promise<[string, Values]> => {
      const data = await tensor.data<'float32'>();
      // Some backends hand out their own memory, which the next step overwrites.
      return [`${prefix}.${name}`, { shape: [...tensor.shape], data: Float32Array.from(data) }];
    }),
  );
  return new Map(entries);
}

/** What stands under names that start with `prefix.`, tensors or their shapes, under the rest of the names. */
export function selectTensors<T>(prefix: string, named: ReadonlyMap<string, T>): Map<string, T> {
  const start = `${prefix}.`;
  return new Map([...named].filter(([name]) => name.startsWith(start)).map(([name, value]) => [name.slice(start.length), value]));
}

/**
 * Assigns `prefix.<name>` of a checkpoint to the parameters. Every parameter must be there with its shape and nothing else may be under
 * the prefix; the error names what is missing, unexpected or mis-shaped, and nothing is changed then.
 */
export function loadParameters(
  prefix: string,
  parameters: ReadonlyMap<string, tf.Variable>,
  tensors: CheckpointTensors,
  file = 'checkpoint',
): void {
  requireFit(prefix, parameters, new Map([...tensors].map(([name, { shape }]) => [name, shape])), file);
  for (const [name, variable] of parameters) assign(variable, tensors.get(`${prefix}.${name}`) as Values);
}

/** The same from an open file, of which one tensor at a time is in memory. */
export async function readParameters(
  prefix: string,
  parameters: ReadonlyMap<string, tf.Variable>,
  checkpoint: OpenCheckpoint,
  file: string,
): Promise<void> {
  requireFit(prefix, parameters, checkpoint.shapes, file);
  for (const [name, variable] of parameters) assign(variable, await checkpoint.read(`${prefix}.${name}`));
}

/** All tensors of an open file whose names start with `prefix.`, under their full names. */
export async function readTensors(prefix: string, { shapes, read }: OpenCheckpoint): Promise<CheckpointTensors> {
  const tensors: CheckpointTensors = new Map();
  for (const rest of selectTensors(prefix, shapes).keys()) tensors.set(`${prefix}.${rest}`, await read(`${prefix}.${rest}`));
  return tensors;
}

function assign(variable: tf.Variable, { shape, data }: Values): void {
  tf.tidy(() => variable.assign(tf.tensor(data, shape, 'float32')));
}

function requireFit(
  prefix: string,
  parameters: ReadonlyMap<string, tf.Variable>,
  shapes: ReadonlyMap<string, readonly number[]>,
  file: string,
): void {
  const given = selectTensors(prefix, shapes);
  const missing = [...parameters.keys()].filter((name) => !given.has(name));
  const unexpected = [...given.keys()].filter((name) => !parameters.has(name) && !name.endsWith(BATCHES));
  const misShaped = [...parameters].flatMap(([name, { shape }]) => {
    const found = given.get(name);
    return found === undefined || (found.length === shape.length && found.every((size, i) => size === shape[i]))
      ? []
      : [`${name} [${found}] instead of [${shape}]`];
  });
  const problems = [
    ...(missing.length > 0 ? [`missing ${listed(missing)}`] : []),
    ...(unexpected.length > 0 ? [`unexpected ${listed(unexpected)}`] : []),
    ...(misShaped.length > 0 ? [`mis-shaped ${listed(misShaped)} (tfjs's order of axes)`] : []),
  ];
  if (problems.length > 0) throw new AudiosslError(`loadParameters: ${file}: ${prefix}: ${problems.join('; ')}`);
}

function listed(names: string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}
