import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import type { FrontEnd } from '../../src/audio/frontEnd.js';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { type CheckpointMetadata, saveCheckpoint } from '../../src/model/checkpoint.js';
import { collectTensors } from '../../src/model/parameters.js';
import { createEncoder, encoderOptions } from '../../src/nn/createEncoder.js';
import { disposeParameters } from '../../src/nn/parameters.js';
import { classifier, projectionHead } from '../../src/nn/projectionHead.js';

export function metadataOf(changes: Partial<CheckpointMetadata> = {}): CheckpointMetadata {
  return {
    schemaVersion: 1,
    step: 12,
    epoch: 3,
    position: { epoch: 4, batch: 0 },
    encoder: { name: 'vgg' },
    projectionHead: { hiddenSize: 16, outputSize: 8 },
    frontEnd: { ...resolveFrontEnd({ preset: 'acl' }) },
    patchFrames: 32,
    patchHop: 16,
    standardisation: { mean: [-1.5], standardDeviation: [2.2] },
    classNames: [],
    config: {},
    versions: { audiossl: '0.0.0' },
    monitor: {},
    ...changes,
  };
}

/** Writes a checkpoint with random weights of a small encoder and head, and of a classifier of `classNames` on request; nothing stays on the backend. */
export async function saveSmallModel(
  dir: string,
  {
    name = 'model.safetensors',
    withClassifier = false,
    ...changes
  }: Partial<CheckpointMetadata> & { name?: string; frontEnd?: FrontEnd; withClassifier?: boolean } = {},
): Promise<string> {
  const metadata = metadataOf(changes);
  const encoder = createEncoder(encoderOptions.parse(metadata.encoder), { nMels: (metadata.frontEnd as unknown as FrontEnd).nMels });
  const parameters = encoder.createParameters({ seed: 7 });
  const head = projectionHead({ inputSize: encoder.embeddingSize, hiddenSize: 16, outputSize: 8 }).createParameters({ seed: 7 });
  const classes = withClassifier
    ? classifier({ inputSize: encoder.embeddingSize, numClasses: metadata.classNames.length }).createParameters({ seed: 7 })
    : new Map<string, tf.Variable>();
  const tensors = new Map([
    ...(await collectTensors('encoder', parameters)),
    ...(await collectTensors('projectionHead', head as Map<string, tf.Tensor>)),
    ...(await collectTensors('classifier', classes)),
  ]);
  disposeParameters(parameters);
  disposeParameters(head);
  disposeParameters(classes);
  const path = join(dir, name);
  await saveCheckpoint(path, { metadata, tensors });
  return path;
}
