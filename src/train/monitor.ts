import type * as tf from '@tensorflow/tfjs-core';
import { embedClips, type PatchEmbedder, type PatchEmbeddings, type PatchSource } from '../embed/embedClips.js';
import { alignment } from '../eval/alignment.js';
import { boundNeighbours } from '../eval/boundNeighbours.js';
import { meanProbabilities } from '../eval/classifierProtocol.js';
import { embeddingSpread } from '../eval/embeddingSpread.js';
import { leaveOneClipOutKnn, type VoteKind } from '../eval/knn.js';
import { argMax, classificationMetrics } from '../eval/metrics.js';
import { tolerance } from '../eval/tolerance.js';
import { uniformity } from '../eval/uniformity.js';
import type { PretrainMethod, StepContext } from '../method/pretrainMethod.js';
import type { Parameters } from '../nn/parameters.js';
import { withUnbiasedStatistics } from '../nn/unbiasedStatistics.js';
import { spreadLook } from '../parallel/BatchSpread.js';
import type { RankGroup } from '../parallel/RankGroup.js';
import { concatFloats } from '../util/concatFloats.js';
import { startClock } from '../util/startClock.js';
import { lookOfFirst, type MonitorLook, STEPS_OF_EVIDENCE, selectionValue, tieBreakOf } from './monitorLook.js';
import type { OnlineProbe } from './onlineProbe.js';
import type { PairSource } from './pairSource.js';
import type { TrainOptions } from './trainOptions.js';

/** Views of validation clips are made as in this epoch: training counts from 1. */
const FIXED_EPOCH = 0;

/** Labels of the validation clips; absent for unlabelled data, where no accuracy is ever computed. */
export interface MonitorLabels {
  /** Class of each of `clips`. */
  labels: readonly number[];
  classNames: readonly string[];
}

/**
 * Makes the function that looks at the validation clips between epochs, in evaluation mode: nearest neighbours among the other validation
 * clips (with labels), and on one fixed pair of views a clip the loss, alignment, uniformity and spread of h.
 *
 * Several ranks, whose running statistics must be the same, embed the clips together; rank 0 compares them and tells the others.
 */
export function createMonitor({
  method,
  embedder,
  store,
  clips,
  labelled,
  source,
  batchSize,
  neighbours,
  vote,
  selectBy = 'accuracy',
  probe,
  fresh,
  group,
}: {
  method: Pick<PretrainMethod, 'evaluate' | 'valueAtChance' | 'parameters' | 'updatesPerStep'>;
  embedder: PatchEmbedder;
  store: PatchSource;
  /** Store indices of the validation clips. */
  clips: readonly number[];
  labelled?: MonitorLabels;
  /** Makes pairs of views of validation clips. */
  source: PairSource;
  batchSize: number;
  neighbours: number;
  /** The vote of the neighbours; K is bounded by the smallest class unless it is the majority's. */
  vote?: VoteKind;
  selectBy?: TrainOptions['selectBy'];
  /** A classifier trained along, whose accuracies are measured as well. */
  probe?: Pick<OnlineProbe, 'classify'>;
  /** Of the method's parameters those whose running statistics began as 0 and 1; absent = all. */
  fresh?: Parameters;
  group?: RankGroup;
}): (training: { contrastiveLoss: number; numPairs: number; step: number }) => Promise<MonitorLook> {
  const { parameters, updatesPerStep } = method;
  return async (training) => {
    const clock = startClock();
    const isAsked = labelled && canBeAnswered(labelled.labels);
    const { patches, pairs } = await withUnbiasedStatistics(fresh ?? parameters, updatesPerStep * training.step, async () => ({
      // As many patches as a training step has views: filters that were packed for that many serve both parts of a look.
      patches: isAsked?.includes(true) ? await embedClips({ model: embedder, store, clips, batchSize: 2 * batchSize, group }) : undefined,
      pairs: clips.length < 2 ? undefined : await embedPairs({ method, source, clips, labels: labelled?.labels, batchSize, group }),
    }));
    return lookOfFirst(group, async () => {
      const accuracies =
        patches && labelled && isAsked && (await accuraciesOf({ patches, isAsked, batchSize, neighbours, vote, probe, ...labelled }));
      const values = { ...accuracies, ...(pairs && pairValues(pairs, labelled?.labels)) };
      if (!Object.values(values).every(Number.isFinite)) {
        const collapse = 'loss or embeddings of the validation clips are not finite: the running statistics or the weights are broken';
        return { value: null, values, collapse, seconds: clock() };
      }
      return {
        ...selectionValue(values, selectBy),
        tieBreak: tieBreakOf(values),
        values,
        collapse: explainCollapse(values, { ...training, chance: method.valueAtChance(training.numPairs) }),
        seconds: clock(),
      };
    });
  };
}

/** Accuracies by neighbours over the clips that another clip of their class could answer for, and by the probe over all. */
async function accuraciesOf({
  patches,
  isAsked,
  labels,
  classNames,
  batchSize,
  neighbours: wanted,
  vote,
  probe,
}: MonitorLabels & {
  patches: PatchEmbeddings;
  isAsked: readonly boolean[];
  batchSize: number;
  neighbours: number;
  vote?: VoteKind;
  probe?: Pick<OnlineProbe, 'classify'>;
}) {
  const { clipOfPatch } = patches;
  const labelOfPatch = Array.from(clipOfPatch, (clip) => labels[clip]);
  const { neighbours } =
    vote === 'majority' ? { neighbours: wanted } : boundNeighbours({ wanted, labels: labelOfPatch, clipOfPatch, exceptOwnClip: true });
  const { predicted } = await leaveOneClipOutKnn({ patches, labels: labelOfPatch, numClasses: classNames.length, neighbours, vote });
  const asked = <T>(values: readonly T[]): T[] => values.filter((_, clip) => isAsked[clip]);
  const { clipMicroAccuracy, clipMacroAccuracy } = classificationMetrics(
    { labels: asked(labels), predicted: asked(predicted) },
    classNames,
  );
  const byNeighbours = { knnClipMicroAccuracy: clipMicroAccuracy, knnClipMacroAccuracy: clipMacroAccuracy };
  if (probe === undefined) return byNeighbours;
  const probabilities = await meanProbabilities((h) => probe.classify(h), patches, labels.length, 2 * batchSize);
  const byProbe = classificationMetrics({ labels, predicted: probabilities.map(argMax) }, classNames);
  return { ...byNeighbours, probeClipMicroAccuracy: byProbe.clipMicroAccuracy, probeClipMacroAccuracy: byProbe.clipMacroAccuracy };
}

/** Whether a clip's class has another clip; no clip of a set with a single such class, of which every vote is right. */
export function canBeAnswered(labels: readonly number[]): boolean[] {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const numAnswered = [...counts.values()].filter((count) => count > 1).length;
  return labels.map((label) => counts.size > 1 && numAnswered > 0 && (counts.get(label) as number) > 1);
}

/** h of both views of every clip, `[clips, dim]` each, and the mean loss over the clips. */
interface EmbeddedPairs {
  validationLoss: number;
  first: Float32Array;
  second: Float32Array;
  dim: number;
}

async function embedPairs({
  method,
  source,
  clips,
  labels,
  batchSize,
  group,
}: {
  method: Pick<PretrainMethod, 'evaluate'>;
  source: PairSource;
  clips: readonly number[];
  labels?: readonly number[];
  batchSize: number;
  group?: RankGroup;
}): Promise<EmbeddedPairs> {
  let lossSum = 0;
  let dim = 0;
  const first: Float32Array[] = [];
  const second: Float32Array[] = [];
  for (let from = 0; from < clips.length; ) {
    // A last batch of one clip would have no negatives.
    const to = clips.length - from - batchSize < 2 ? clips.length : from + batchSize;
    const spread = spreadLook(to - from, group);
    const own = <T>(all: readonly T[]): T[] => all.slice(from + spread.firstOwn, from + spread.firstOwn + spread.numOwn);
    const views = source.toViews(await source.read(own(clips), FIXED_EPOCH));
    const { loss, embeddings } = evaluateAndDispose(method, views, { labels: labels && Int32Array.from(own(labels)), spread });
    lossSum += (to - from) * loss;
    dim = embeddings.length / (2 * (to - from));
    first.push(embeddings.subarray(0, embeddings.length / 2));
    second.push(embeddings.subarray(embeddings.length / 2));
    from = to;
    await new Promise(setImmediate);
  }
  return { validationLoss: lossSum / clips.length, first: concatFloats(first), second: concatFloats(second), dim };
}

/** Means over the clips; every clip stands in one pair. */
function pairValues({ validationLoss, first, second, dim }: EmbeddedPairs, labels: readonly number[] | undefined) {
  return {
    validationLoss,
    ...alignmentAndUniformity(first, second, dim),
    ...(labels && { tolerance: tolerance(concatFloats([first, second]), [...labels, ...labels], dim) }),
    ...embeddingSpread(first, dim),
  };
}

/** Wang & Isola (2020): the lower their sum, the better an encoder tends to be. */
function alignmentAndUniformity(a: Float32Array, b: Float32Array, dim: number) {
  const values = { alignment: alignment(a, b, dim), uniformity: uniformity(a, dim) };
  return { ...values, alignmentPlusUniformity: values.alignment + values.uniformity };
}

function evaluateAndDispose(
  method: Pick<PretrainMethod, 'evaluate'>,
  views: tf.Tensor3D,
  context: Pick<StepContext, 'labels' | 'spread'>,
): ReturnType<PretrainMethod['evaluate']> {
  try {
    return method.evaluate(views, context);
  } finally {
    views.dispose();
  }
}

/**
 * Two signs that the encoder learns nothing: all embeddings nearly equal (the mean cosine between clips is above 0.999, which is
 * `standardDeviation x sqrt(dim) < 0.03`), or the loss within 1 % of what it is when every projection is the same (ln(2n - 1) for NT-Xent).
 */
function explainCollapse(
  { relativeSpread }: { relativeSpread?: number },
  { contrastiveLoss, chance, step }: { contrastiveLoss: number; chance: number | undefined; step: number },
): string | undefined {
  if (step < STEPS_OF_EVIDENCE) return undefined;
  if (relativeSpread !== undefined && relativeSpread < 0.03) {
    return `embeddings of different clips are nearly equal (spread ${relativeSpread.toFixed(4)} of at most 1): the encoder has collapsed; lower the learning rate or raise loss.contrastiveWeight`;
  }
  if (chance !== undefined && contrastiveLoss > 0.99 * chance) {
    return `the contrastive loss is ${contrastiveLoss.toFixed(3)}, as of equal projections (${chance.toFixed(3)}): no learning signal; check learning rate, views and data`;
  }
  return undefined;
}
