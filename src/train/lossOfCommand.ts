import type { ContrastiveLossOptions, LossOptions, SupervisedLossOptions } from '../loss/lossOptions.js';
import type { MethodOptions } from '../method/methodOptions.js';
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

/** The method of `pretrain`. Throws UsageError where the config is one for labels. */
export function pretrainMethodOf({ method }: { method: MethodOptions }): Exclude<MethodOptions, { name: 'supervised' }> {
  if (method.name !== 'supervised') return method;
  throw new UsageError(
    'pretrain: method.name must be simclr, supervisedContrastive, mocoV2, mocoV3, byol, memoryBank or cmc, got supervised; use audiossl train',
  );
}

/** Throws UsageError where the config's method is not the one of `train`, or it asks for what only pre-training has. */
export function requireSupervised({ method, train }: { method: MethodOptions; train: Pick<TrainOptions, 'onlineProbe'> }): void {
  if (method.name !== 'supervised')
    throw new UsageError(`train: method.name must be supervised, got ${method.name}; use audiossl pretrain`);
  if (train.onlineProbe !== null) {
    throw new UsageError('train: train.onlineProbe is for pretrain, a supervised run has its own classifier; set train.onlineProbe=null');
  }
}
