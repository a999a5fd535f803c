import { basename } from 'node:path';
import type { Checkpoint, CheckpointTensors } from './checkpoint.js';

/**
 * What embedding and classifying need of a checkpoint: encoder, whitening and classifier. Optimiser, momentum network, queue and projection head stay
 * behind, and with them the training loop's counters: nothing can be resumed from it. Paths in the config are cut to names.
 */
export function leanCheckpoint({ metadata, tensors }: Checkpoint): Checkpoint {
  const { training: _training, config, ...rest } = metadata;
  const kept: CheckpointTensors = new Map([...tensors].filter(([name]) => /^(encoder|classifier|whitening)\./.test(name)));
  return { metadata: { ...rest, projectionHead: null, config: withoutPaths(config) }, tensors: kept };
}

/** Texts that are paths, cut to their last name: what is handed on says nothing of the machine. */
export function withoutPaths(value: unknown): unknown {
  if (typeof value === 'string') return /^(\/|\.{1,2}\/|[A-Za-z]:\\)/.test(value) ? basename(value) : value;
  if (Array.isArray(value)) return value.map(withoutPaths);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutPaths(inner)]));
}
