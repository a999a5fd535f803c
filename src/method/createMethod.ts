import { contrastiveObjective } from '../loss/contrastiveObjective.js';
import { UsageError } from '../util/errors.js';
import { cmc } from './cmc.js';
import { memoryBank } from './memoryBank.js';
import type { MethodOptions } from './methodOptions.js';
import type { MethodParts } from './methodParts.js';
import { byol, mocoV2, mocoV3 } from './momentumContrast.js';
import type { PretrainMethod } from './pretrainMethod.js';
import { simclr } from './simclr.js';

/**
 * The method that a config names. `requireMethod` has to have let it pass.
 * @param numClips training clips: what a memory bank has rows for
 */
export function createMethod(
  options: Exclude<MethodOptions, { name: 'supervised' }>,
  parts: MethodParts,
  { seed, numClips }: { seed: number; numClips: number },
): PretrainMethod {
  switch (options.name) {
    case 'simclr':
      return simclr({ ...parts, numViews: options.numViews });
    case 'supervisedContrastive':
      return simclr({ ...parts, numViews: options.numViews, positives: 'labels' });
    case 'mocoV2':
      return mocoV2(parts, { ...options, seed });
    case 'mocoV3':
      return mocoV3(parts, { ...options, seed });
    case 'byol':
      return byol(parts, { ...options, seed });
    case 'memoryBank':
      return memoryBank(parts, { ...options, numClips, seed });
    case 'cmc':
      return cmc(parts);
  }
}

/** Patches of a clip in a training batch. */
export function viewsOfMethod(options: MethodOptions): number {
  if (options.name === 'cmc' || options.name === 'memoryBank' || options.name === 'supervised') return 1;
  return 'numViews' in options ? options.numViews : 2;
}

/**
 * Throws UsageError where method, loss, encoder and batch do not go together, naming the option and its value.
 * @param numTrain training clips
 */
export function requireMethod(
  method: MethodOptions,
  {
    loss,
    encoder,
    batchSize,
    numTrain,
  }: { loss: MethodParts['loss']; encoder: Pick<MethodParts['encoder'], 'name' | 'partSizes'>; batchSize: number; numTrain: number },
): void {
  const { needsNegatives, usesNegatives } = contrastiveObjective(loss);
  const { name } = method;
  if (name === 'byol' && needsNegatives) {
    throw new UsageError(
      `pretrain: method.name byol has no negatives: loss must need none, such as loss={name: infoNce, beta: 0, temperature: 0.5}, got loss.name ${loss.name}`,
    );
  }
  if (name !== 'byol' && name !== 'mocoV3' && !usesNegatives) {
    throw new UsageError(
      `pretrain: method.name ${name} would make all embeddings equal with a loss without negatives, got loss.name ${loss.name}; take byol, or for infoNce a beta above 0`,
    );
  }
  if (name === 'cmc' && encoder.partSizes === undefined) {
    throw new UsageError(`pretrain: method.name cmc needs two views of a patch: encoder.name must be twoView, got ${encoder.name}`);
  }
  if (name === 'mocoV2') requireQueue(method.queueSize, batchSize, numTrain);
  if (name === 'memoryBank') requireMemory(method.numNoise, loss);
}

/** What a memory of projections cannot give a loss. */
function requireMemory(numNoise: number | null, loss: MethodParts['loss']): void {
  if (marginOf(loss) === 'embedding') {
    throw new UsageError(
      'pretrain: method.name memoryBank remembers projections, so that the margin term must be on them: set its marginOn to projection, or take a loss without it, such as nce or infoNce; got marginOn embedding',
    );
  }
  if (loss.name === 'tripletMargin' && numNoise !== null) {
    throw new UsageError(
      `pretrain: loss.name tripletMargin takes a negative once and not as often as it was drawn: with method.name memoryBank set method.numNoise=null, got ${numNoise}`,
    );
  }
}

/** What the margin term of a loss sees, of NT-Xent alone the one that is logged; undefined where there is none. */
function marginOf(loss: MethodParts['loss']): 'embedding' | 'projection' | undefined {
  if ('marginOn' in loss) return loss.marginOn;
  return 'angularMargin' in loss ? loss.angularMargin?.marginOn : undefined;
}

function requireQueue(queueSize: number, batchSize: number, numTrain: number): void {
  const most = Math.floor(numTrain / batchSize) * batchSize;
  if (queueSize > numTrain) {
    throw new UsageError(
      `pretrain: method.queueSize must be at most the ${numTrain} training clips, else every clip would meet itself as a negative, got ${queueSize}; take ${most} or less`,
    );
  }
  if (queueSize % batchSize !== 0) {
    const nearest = Math.min(most, Math.max(1, Math.round(queueSize / batchSize)) * batchSize);
    throw new UsageError(
      `pretrain: method.queueSize must be a multiple of train.batchSize ${batchSize}, got ${queueSize}; take ${nearest}`,
    );
  }
}
