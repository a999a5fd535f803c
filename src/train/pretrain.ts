import type * as tf from '@tensorflow/tfjs-core';
import type { ViewsOptions } from '../augment/viewsOptions.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import { gridStarts } from '../data/samplers.js';
import { boundNeighbours } from '../eval/boundNeighbours.js';
import type { ContrastiveLossOptions } from '../loss/lossOptions.js';
import { createMethod, requireMethod, viewsOfMethod } from '../method/createMethod.js';
import type { MethodOptions } from '../method/methodOptions.js';
import type { PretrainMethod } from '../method/pretrainMethod.js';
import { projectionHeadOf } from '../nn/projectionHead.js';
import { UsageError } from '../util/errors.js';
import { embedderOf } from './embedderOf.js';
import { leaveOutUnlabelled } from './leaveOutUnlabelled.js';
import { contrastiveLossOf, pretrainMethodOf } from './lossOfCommand.js';
import { canBeAnswered, createMonitor, type MonitorLabels } from './monitor.js';
import { createOnlineProbe, type OnlineProbe } from './onlineProbe.js';
import { type ClipBatch, createPairSource, type PairSource } from './pairSource.js';
import {
  runTraining,
  type TrainingConfig,
  type TrainingContext,
  type TrainingInput,
  type TrainingPlan,
  type TrainingResult,
} from './runTraining.js';
import type { TrainingMethod } from './trainingMethod.js';

/**
 * Pre-trains an encoder by the config's `method` on a feature store and writes the run folder: config.yaml, split.csv, log.jsonl,
 * checkpoints. But for supervisedContrastive, which learns from them, labels are read, where there are some, to draw the split, by the
 * monitor and by the online probe; those of the test split by nobody.
 * With `resume` it goes on from the last checkpoint, bit-identically on the same backend, device and threads.
 *
 * @example
 * ```ts
 * import { buildFeatureStore, FeatureStore, loadConfig, loadDataset, pretrain } from 'audiossl';
 * const config = loadConfig({ overrides: ['encoder.width=16', 'train.epochs=2', 'train.batchSize=8'] });
 * await buildFeatureStore({ dataset: await loadDataset('my-recordings'), frontEnd: config.frontEnd, out: 'features' });
 * const store = await FeatureStore.open('features');
 * const { end } = await pretrain({ store, config, out: 'runs/mine' });
 * await store.close();
 * [end.reason, end.epoch]; // => ['finished', 2]
 * ```
 */
export async function pretrain(input: TrainingInput): Promise<TrainingResult> {
  const { store, config } = input;
  const loss = contrastiveLossOf(config);
  const method = pretrainMethodOf(config);
  const usesLabels = method.name === 'supervisedContrastive';
  if (usesLabels && store.classNames.length < 2) {
    throw new UsageError(
      `pretrain: method.name supervisedContrastive needs labels of 2 classes or more, the store ${store.dir} has ${store.classNames.length}; take simclr`,
    );
  }
  return runTraining(input, {
    who: 'pretrain',
    data: config.data,
    ...(usesLabels && { select: (clips) => leaveOutUnlabelled(store, clips) }),
    plan: (context) => contrastivePlan(store, config, { loss, method }, context),
  });
}

function contrastivePlan(
  store: FeatureStore,
  config: TrainingConfig,
  { loss, method: methodOptions }: { loss: ContrastiveLossOptions; method: Exclude<MethodOptions, { name: 'supervised' }> },
  { clips, standardisation, encoder, encoderParameters, backgroundSet, group }: TrainingContext,
): TrainingPlan<number, ClipBatch> {
  const { data, train, views, seed } = config;
  const { patchFrames, patchHop, compat } = data;
  requireMethod(methodOptions, { loss, encoder, batchSize: train.batchSize, numTrain: clips.train.length });
  const trainLabels = labelsOf(store, clips.train)?.labels;
  if (train.onlineProbe !== null && trainLabels === undefined) {
    throw new UsageError('pretrain: train.onlineProbe needs a label of every training clip, some have none; set train.onlineProbe=null');
  }
  if (train.selectBy === 'probeAccuracy' && (train.onlineProbe === null || labelsOf(store, clips.validation) === undefined)) {
    throw new UsageError(
      'pretrain: train.selectBy probeAccuracy needs train.onlineProbe and a label of every validation clip; set train.onlineProbe={}, or take accuracy or effectiveRank',
    );
  }
  const head = projectionHeadOf(encoder, config.projectionHead);
  const headParameters = head.createParameters({ seed });
  const parts = { encoder, encoderParameters, head, headParameters, loss };
  const method = createMethod(methodOptions, parts, { seed, numClips: clips.train.length });
  const placeOf = new Map(clips.train.map((clip, place) => [clip, place]));
  const probe =
    train.onlineProbe === null
      ? undefined
      : createOnlineProbe({ dim: encoder.embeddingSize, numClasses: store.classNames.length, seed, options: train.onlineProbe });
  const ofProbe = [...(probe?.parameters ?? [])].map(([path, variable]) => [`onlineProbe.${path}`, variable] as const);
  const sourceOf = (pool: readonly number[], views: ViewsOptions, numViews: number): PairSource =>
    createPairSource({
      store,
      pool,
      views,
      standardisation,
      patchFrames,
      excludeLastStart: compat.excludeLastStart,
      seed,
      numViews,
      backgroundSet,
    });
  const monitorPatchHop = train.monitorPatchHop ?? patchFrames;
  const embedder = embedderOf({ encoder, encoderParameters, standardisation, patchFrames, patchHop: monitorPatchHop });
  const wanted = monitorNeighbours(config.evaluation.neighbours, { patchHop, monitorPatchHop });
  const { majorityVote } = config.evaluation.compat;
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
          source: sourceOf(clips.validation, validationViews, 2),
          batchSize: train.batchSize,
          neighbours: wanted,
          vote: majorityVote ? 'majority' : 'similarity',
          selectBy: train.selectBy,
          probe,
          fresh: train.initialise === null ? undefined : withoutEncoder(method.parameters),
          group,
        });
  return {
    method: {
      ...contrastiveMethod(method, {
        labelOf: trainLabels && ((clip) => store.clips[clip].labelIndex as number),
        placeOf: (clip) => placeOf.get(clip) as number,
        probe,
      }),
      parameters: new Map([...method.parameters, ...ofProbe]),
    },
    head: { name: 'projectionHead', parameters: headParameters },
    others: new Map([...method.own, ...ofProbe]),
    source: sourceOf(clips.train, views, viewsOfMethod(methodOptions)),
    items: clips.train,
    look: monitor && (({ losses, batchItems, step }) => monitor({ contrastiveLoss: losses.contrastiveLoss, numPairs: batchItems, step })),
    notes: monitorNotes(store, clips.validation, { patchFrames, patchHop: monitorPatchHop, wanted, isBounded: !majorityVote }),
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

/** A framework's step as the loop calls it, with a probe that learns beside it. */
export function contrastiveMethod(
  { trainable, step, afterUpdate }: Pick<PretrainMethod, 'trainable' | 'step' | 'afterUpdate'>,
  { labelOf, placeOf, probe }: { labelOf?: (clip: number) => number; placeOf?: (clip: number) => number; probe?: OnlineProbe } = {},
): TrainingMethod<ClipBatch> {
  return {
    trainable,
    afterUpdate,
    step(views, { clips: indices }, dropout, spread) {
      const labels = labelOf && Int32Array.from(indices, labelOf);
      const clips = placeOf && Int32Array.from(indices, placeOf);
      const beside: Record<string, number> = {};
      const learn = (h: tf.Tensor2D, labels: Int32Array): void =>
        void Object.assign(beside, probe?.learn(h, spread?.collectNumbers(labels) ?? labels));
      const observe = probe && labels ? (h: tf.Tensor2D): void => learn(h, labels) : undefined;
      const { gradients, ...losses } = step(views, { labels, clips, dropout, observe, spread });
      return { losses: { ...losses, ...beside }, gradients };
    },
  };
}

function labelsOf(store: FeatureStore, clips: readonly number[]): MonitorLabels | undefined {
  const labels = clips.map((clip) => store.clips[clip].labelIndex);
  return labels.every((label) => label !== undefined) ? { labels, classNames: store.classNames } : undefined;
}

/** An encoder that was trained before has statistics of data, and so has its momentum copy. */
function withoutEncoder(parameters: PretrainMethod['parameters']): PretrainMethod['parameters'] {
  return new Map([...parameters].filter(([name]) => !/^(encoder|momentumEncoder)\./.test(name)));
}

/** What the reader must know about how the best checkpoint is chosen. */
function monitorNotes(
  store: FeatureStore,
  clips: readonly number[],
  { patchFrames, patchHop, wanted, isBounded }: { patchFrames: number; patchHop: number; wanted: number; isBounded: boolean },
): string[] {
  const numUnlabelled = clips.filter((clip) => store.clips[clip].labelIndex === undefined).length;
  if (numUnlabelled === clips.length) return [];
  // Some labels are not enough: an accuracy of some of the clips would say nothing of the others.
  if (numUnlabelled > 0)
    return [
      `${numUnlabelled} of ${clips.length} validation clips have no label, so the effective rank of their embeddings chooses the best checkpoint`,
    ];
  const labels = clips.map((clip) => store.clips[clip].labelIndex as number);
  const isAsked = canBeAnswered(labels);
  if (!isAsked.includes(true)) {
    const why = new Set(labels).size < 2 ? 'are all of one class' : 'are one a class, so that none has a neighbour of its own';
    return [`the validation clips ${why}: the effective rank of their embeddings chooses the best checkpoint`];
  }
  const numAlone = isAsked.filter((is) => !is).length;
  const alone =
    numAlone === 0 ? [] : [`${numAlone} validation clips are the only ones of their class and are not asked for their neighbours`];
  if (!isBounded) return alone;
  const clipOfPatch = clips.flatMap((clip) => gridStarts(store.clips[clip].numFrames, patchFrames, patchHop).map(() => clip));
  const { note } = boundNeighbours({
    wanted,
    labels: clipOfPatch.map((clip) => store.clips[clip].labelIndex as number),
    clipOfPatch,
    exceptOwnClip: true,
  });
  return [...alone, ...(note === undefined ? [] : [`neighbours in validation: ${note}`])];
}
