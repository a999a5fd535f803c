import * as tf from '@tensorflow/tfjs-core';
import type { ViewsOptions } from '../augment/viewsOptions.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { PatchEmbedder } from '../embed/embedClips.js';
import type { ContrastiveLossOptions } from '../loss/lossOptions.js';
import { type Simclr, simclr } from '../method/simclr.js';
import { standardise } from '../model/standardise.js';
import { projectionHead } from '../nn/projectionHead.js';
import { contrastiveLossOf } from './lossOfCommand.js';
import { createMonitor, type MonitorLabels } from './monitor.js';
import { createPairSource, type PairSource } from './pairSource.js';
import {
  runTraining,
  type TrainingConfig,
  type TrainingContext,
  type TrainingInput,
  type TrainingPlan,
  type TrainingResult,
} from './runTraining.js';
import type { TrainingMethod } from './trainingMethod.js';
import type { ViewBatch } from './viewReader.js';

/**
 * Pre-trains an encoder without labels on a feature store and writes the run folder: config.yaml, split.csv, log.jsonl, checkpoints.
 * Labels, where there are some, are read to draw the split and by the monitor, and those of the test split by nobody.
 * With `resume` it goes on from the last checkpoint, bit-identically on the same backend, device and threads.
 */
export async function pretrain(input: TrainingInput): Promise<TrainingResult> {
  const { store, config } = input;
  const loss = contrastiveLossOf(config);
  return runTraining(input, {
    who: 'pretrain',
    data: config.data,
    plan: (context) => contrastivePlan(store, config, loss, context),
  });
}

function contrastivePlan(
  store: FeatureStore,
  config: TrainingConfig,
  loss: ContrastiveLossOptions,
  { clips, standardisation, encoder, encoderParameters }: TrainingContext,
): TrainingPlan<number, ViewBatch> {
  const { data, train, views, seed } = config;
  const { patchFrames, patchHop, compat } = data;
  const head = projectionHead({ inputSize: encoder.embeddingSize, ...config.projectionHead });
  const headParameters = head.createParameters({ seed });
  const method = simclr({ encoder, encoderParameters, head, headParameters, loss });
  const sourceOf = (pool: readonly number[], views: ViewsOptions): PairSource =>
    createPairSource({ store, pool, views, standardisation, patchFrames, excludeLastStart: compat.excludeLastStart, seed });
  const monitorPatchHop = train.monitorPatchHop ?? patchFrames;
  const embedder: PatchEmbedder = {
    patchFrames,
    patchHop: monitorPatchHop,
    embedPatches: (patches) =>
      tf.tidy(() => encoder.forward(encoderParameters, standardise(patches, standardisation), { isTraining: false })),
  };
  // Mix-back takes a clip's backgrounds from its own split; with too few validation clips their fixed views go without.
  const validationViews = clips.validation.length >= 3 ? views : views.filter(({ name }) => name !== 'mixBack');
  const monitor =
    clips.validation.length === 0
      ? undefined
      : createMonitor({
          method,
          embedder,
          store,
          clips: clips.validation,
          labelled: labelsOf(store, clips.validation),
          source: sourceOf(clips.validation, validationViews),
          batchSize: train.batchSize,
          neighbours: monitorNeighbours(config.evaluation.neighbours, { patchHop, monitorPatchHop }),
          selectBy: train.selectBy,
        });
  return {
    method: { ...contrastiveMethod(method), parameters: method.parameters },
    head: { name: 'projectionHead', parameters: headParameters },
    source: sourceOf(clips.train, views),
    items: clips.train,
    look: monitor && (({ losses, batchItems }) => monitor({ contrastiveLoss: losses.contrastiveLoss, numPairs: batchItems })),
    notes: unlabelledNotes(store, clips.validation),
  };
}

/**
 * K of the monitor's vote: the same share of the bank as in evaluation. Patches further apart are fewer, and half of a bank has the same
 * answer for every clip.
 */
export function monitorNeighbours(
  neighbours: number,
  { patchHop, monitorPatchHop }: { patchHop: number; monitorPatchHop: number },
): number {
  return Math.max(1, Math.round((neighbours * patchHop) / monitorPatchHop));
}

/** SimCLR's step as the loop calls it. */
export function contrastiveMethod(method: Pick<Simclr, 'trainable' | 'step'>): TrainingMethod<ViewBatch> {
  return {
    trainable: method.trainable,
    step(views, _batch, dropout) {
      const { gradients, ...losses } = method.step(views, dropout);
      return { losses, gradients };
    },
  };
}

function labelsOf(store: FeatureStore, clips: readonly number[]): MonitorLabels | undefined {
  const labels = clips.map((clip) => store.clips[clip].labelIndex);
  return labels.every((label) => label !== undefined) ? { labels, classNames: store.classNames } : undefined;
}

/** Some labels are not enough: an accuracy of some of the clips would say nothing of the others. */
function unlabelledNotes(store: FeatureStore, clips: readonly number[]): string[] {
  const numUnlabelled = clips.filter((clip) => store.clips[clip].labelIndex === undefined).length;
  if (numUnlabelled === 0 || numUnlabelled === clips.length) return [];
  return [`${numUnlabelled} of ${clips.length} validation clips have no label, so the validation loss chooses the best checkpoint`];
}
