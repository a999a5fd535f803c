import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type CheckpointMetadata, loadCheckpoint, saveCheckpoint } from '../model/checkpoint.js';
import { collectTensors, loadParameters, selectTensors } from '../model/parameters.js';
import { encoderOptions } from '../nn/createEncoder.js';
import type { Parameters } from '../nn/parameters.js';
import { projectionHeadOptions } from '../nn/projectionHead.js';
import type { Optimizer } from '../optim/optimizer.js';
import { ranksOptions } from '../parallel/ranksOptions.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { canonicalJson } from '../util/hash.js';
import { type TrainingState, trainingState } from './trainingState.js';

/** What a run's checkpoints say besides its state: the same in all of them. */
export type CheckpointFacts = Pick<
  CheckpointMetadata,
  'encoder' | 'projectionHead' | 'frontEnd' | 'patchFrames' | 'patchHop' | 'standardisation' | 'classNames' | 'config' | 'versions'
>;

/** Networks and optimiser of a run, and how they go to a file and come back. */
export interface TrainingTensors {
  /** By full name: `encoder.conv1.weight`. */
  parameters: Parameters;
  optimizer: Optimizer;
}

const positionSchema = z.object({ state: trainingState, config: z.object({ train: z.object({ epochs: z.int() }) }) });

/** Writes everything to each of `paths` in turn, every one atomically. */
export async function writeTrainingCheckpoint(
  paths: readonly string[],
  { parameters, optimizer }: TrainingTensors,
  facts: CheckpointFacts,
  state: TrainingState,
): Promise<void> {
  const tensors = new Map([...(await collect(parameters)), ...(await collectTensors('optimizer', optimizer.state()))]);
  const { step, epoch, batch, monitor } = state;
  const metadata: CheckpointMetadata = {
    ...facts,
    schemaVersion: 1,
    step,
    epoch: epoch - 1,
    position: { epoch, batch },
    monitor,
    training: { ...state },
  };
  for (const path of paths) await saveCheckpoint(path, { metadata, tensors });
}

/**
 * Puts a checkpoint's values into the networks and the optimiser and returns where training goes on, and the epochs it was to have.
 * Throws UsageError where the checkpoint was made with other settings or from other features than this run's.
 */
export async function readTrainingCheckpoint(
  path: string,
  { parameters, optimizer }: TrainingTensors,
  facts: CheckpointFacts,
): Promise<{ state: TrainingState; epochs: number }> {
  const { metadata, tensors } = await loadCheckpoint(path);
  const changed = changedKeys(thatMustStay(metadata.config), thatMustStay(facts.config));
  if (changed.length > 0) {
    throw new UsageError(
      `readTrainingCheckpoint: --resume needs the settings the run was started with, other are ${changed.join(', ')}; leave --config and --set out (only how long it trains, saves and looks may change), or start a new run`,
    );
  }
  const [before, now] = [metadata.standardisation, facts.standardisation].map(canonicalJson);
  if (before !== now) {
    throw new UsageError(
      `readTrainingCheckpoint: --resume needs the features the run was started with, mean and deviation of its training clips were ${before} and are ${now}; give the same --data or --features, or start a new run`,
    );
  }
  const position = positionSchema.safeParse({ state: metadata.training, config: metadata.config });
  if (!position.success) {
    throw new AudiosslError(
      `readTrainingCheckpoint: ${path} must say where training stopped: ${z.prettifyError(position.error).replace(/\s*\n\s*/g, ' ')}; start a new run`,
    );
  }
  for (const [prefix, part] of byPrefix(parameters)) loadParameters(prefix, part, tensors, path);
  tf.tidy(() => {
    const slots = [...selectTensors('optimizer', tensors)].map(([name, { shape, data }]) => [name, tf.tensor(data, shape)] as const);
    optimizer.restore(new Map(slots));
  });
  const { state, config } = position.data;
  return { state, epochs: config.train.epochs };
}

async function collect(parameters: Parameters) {
  const parts = await Promise.all([...byPrefix(parameters)].map(([prefix, part]) => collectTensors(prefix, part)));
  return parts.flatMap((part) => [...part]);
}

/** `encoder.conv1.weight` -> under `encoder`: `conv1.weight`. */
export function byPrefix(parameters: Parameters): Map<string, Parameters> {
  const parts = new Map<string, Parameters>();
  for (const [name, variable] of parameters) {
    const dot = name.indexOf('.');
    const prefix = name.slice(0, dot);
    const part = parts.get(prefix) ?? new Map();
    parts.set(prefix, part.set(name.slice(dot + 1), variable));
  }
  return parts;
}

/**
 * How long a run goes on (see checkPace), how often it saves and looks, and how it is evaluated may change at a resume; not what the monitor
 * measures, nor how often it looks where the learning rate goes by what it sees.
 */
function thatMustStay(config: unknown): Record<string, unknown> {
  type Keys = Record<string, unknown>;
  const { train, evaluation, method, ...rest } = (config ?? {}) as {
    train?: Keys;
    evaluation?: Keys;
    schedule?: Keys;
    method?: Keys;
    loss?: Keys;
  } & Keys;
  const { batchSize, patches = 'random', selectBy = 'accuracy', initialise = null, onlineProbe = null, ranks } = train ?? {};
  // What ran before configs named their method.
  const onlyMethod = rest.loss?.name === 'crossEntropyMargin' ? { name: 'supervised' } : { name: 'simclr', numViews: 2 };
  return {
    ...rest,
    // What ran before a network had one of its keys had the default.
    encoder: withDefaults(encoderOptions, rest.encoder),
    projectionHead: withDefaults(projectionHeadOptions, rest.projectionHead),
    method: method ?? onlyMethod,
    'train.batchSize': batchSize,
    'train.patches': patches,
    'train.selectBy': selectBy,
    'train.initialise': initialise,
    'train.onlineProbe': onlineProbe,
    // What ran before there were ranks, or before one of their keys, had the defaults.
    'train.ranks': { ...ranksOptions.parse({}), ...(ranks as object | undefined) },
    'train.epochs (a momentum schedule ends with the last)': method?.momentumSchedule === 'cosine' ? train?.epochs : undefined,
    'train.monitorEveryEpochs': rest.schedule?.name === 'plateau' ? train?.monitorEveryEpochs : undefined,
    'evaluation.neighbours': evaluation?.neighbours,
  };
}

function withDefaults(schema: z.ZodType, options: unknown): unknown {
  const parsed = schema.safeParse(options ?? {});
  return parsed.success ? parsed.data : options;
}

function changedKeys(before: Record<string, unknown>, now: Record<string, unknown>): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...keys].filter((key) => canonicalJson(before[key] ?? null) !== canonicalJson(now[key] ?? null));
}
