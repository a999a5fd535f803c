import { rm } from 'node:fs/promises';
import type { Model } from '../model/loadModel.js';
import { writeClipEmbeddings } from '../run/clipEmbeddings.js';
import { configHash } from '../run/configText.js';
import { type EvaluationInput, evaluationPaths, writeEvaluation } from '../run/evaluationRecord.js';
import { writePredictions } from '../run/predictions.js';
import type { RunFolder } from '../run/runFolder.js';
import type { EvaluationOptions } from './evaluationOptions.js';
import type { ProtocolName } from './protocolNames.js';
import type { ScoredClips } from './scoredClips.js';

/** The part of a record that says which weights were evaluated. */
export function modelFacts({
  checkpoint,
  metadata,
}: Model): Pick<EvaluationInput, 'checkpoint' | 'checkpointSha256' | 'checkpointStep' | 'checkpointEpoch' | 'configHash'> {
  return {
    checkpoint: checkpoint?.name ?? 'none',
    checkpointSha256: checkpoint?.sha256 ?? '',
    checkpointStep: metadata.step,
    checkpointEpoch: metadata.epoch,
    configHash: configHash(metadata.config),
  };
}

/** The options that a protocol went by: no others, so that a record does not seem to depend on them. */
export function protocolOptions(
  protocol: ProtocolName,
  { batchSize: embeddingBatchSize, neighbours, linear, finetune, compat }: EvaluationOptions,
): Exclude<EvaluationInput['options'], undefined> {
  if (protocol === 'knn')
    return {
      neighboursWanted: neighbours,
      vote: compat.knn || compat.majorityVote ? 'majority' : 'similarity',
      embeddingBatchSize,
      compat: { knn: compat.knn },
    };
  const { probeTrainMode } = compat;
  // Drifting embeddings are taken as they are.
  if (protocol === 'linear')
    return { ...linear, standardise: linear.standardise && !probeTrainMode, embeddingBatchSize, compat: { probeTrainMode } };
  if (protocol === 'finetune') return { ...finetune, embeddingBatchSize };
  return { embeddingBatchSize };
}

/**
 * Writes predictions, clip embeddings and, last, the record: its presence says that the evaluation is whole. Those of an earlier evaluation
 * of this name go first: its record must not stand beside other predictions, nor its embeddings where this one has none.
 */
export async function writeEvaluationFiles({
  run,
  name,
  record,
  clips,
  withEmbeddings,
}: {
  run: RunFolder;
  name: string;
  record: EvaluationInput;
  clips: ScoredClips;
  /** False where they are no embeddings of one encoder. */
  withEmbeddings: boolean;
}): Promise<void> {
  const { classNames } = record;
  const paths = evaluationPaths(run, name);
  for (const path of [paths.record, paths.embeddings]) await rm(path, { force: true });
  const predictions = clips.ids.map((id, i) => ({
    id,
    label: classNames[clips.labels[i]],
    predicted: classNames[clips.predicted[i]],
    ...(clips.groups[i] !== id && { group: clips.groups[i] }),
    probabilities: clips.probabilities[i],
    ...(clips.baselines && {
      baselines: Object.fromEntries(clips.baselines.map(({ name, predicted }) => [name, classNames[predicted[i]]])),
    }),
  }));
  await writePredictions(run, name, { classNames, predictions });
  if (withEmbeddings) await writeClipEmbeddings(run, name, clips.embeddings);
  await writeEvaluation(run, record);
}
