import type { ContrastiveLossOptions, LossOptions, SupervisedLossOptions } from '../loss/lossOptions.js';
import { UsageError } from '../util/errors.js';
import type { TrainOptions } from './trainOptions.js';

/** The loss of `pretrain`, which compares pairs of views. Throws UsageError where the config is one for labels. */
export function contrastiveLossOf({ loss, train }: { loss: LossOptions; train: Pick<TrainOptions, 'patches'> }): ContrastiveLossOptions {
  if (loss.name === 'crossEntropyMargin') {
    throw new UsageError(
      'pretrain: loss.name must be one that compares pairs (angularContrastive, ntXent, infoNce ...), got crossEntropyMargin, which needs labels; use audiossl train',
    );
  }
  if (train.patches !== 'random') {
    throw new UsageError(
      'pretrain: train.patches must be random (each pair is two random patches of a clip), got grid, which is for train',
    );
  }
  return loss;
}

/** The loss of `train`, which compares with labels. Throws UsageError where the config is one for pairs of views. */
export function supervisedLossOf({ loss }: { loss: LossOptions }): SupervisedLossOptions {
  if (loss.name === 'crossEntropyMargin') return loss;
  throw new UsageError(`train: loss.name must be crossEntropyMargin, got ${loss.name}, which needs no labels; use audiossl pretrain`);
}
