import type { FeatureStore } from '../data/FeatureStore.js';
import { supervisedData } from '../data/supervisedData.js';
import type { SupervisedLossOptions } from '../loss/lossOptions.js';
import { leavesOutRows } from '../loss/robustOptions.js';
import { marginFeature, supervised } from '../method/supervised.js';
import { classifier } from '../nn/projectionHead.js';
import { UsageError } from '../util/errors.js';
import { createClassifierMonitor } from './classifierMonitor.js';
import { createLabelledSource, type LabelledBatch, type LabelledItem, labelledItems } from './labelledSource.js';
import { leaveOutUnlabelled } from './leaveOutUnlabelled.js';
import { requireSupervised, supervisedLossOf } from './lossOfCommand.js';
import {
  runTraining,
  type TrainingConfig,
  type TrainingContext,
  type TrainingInput,
  type TrainingPlan,
  type TrainingResult,
} from './runTraining.js';
import { supervisedMethod } from './supervisedMethod.js';

/**
 * Trains an encoder with a linear classifier on labelled clips and writes the run folder: config.yaml, split.csv, log.jsonl, checkpoints.
 * Training minimises `crossEntropyWeight x cross-entropy + (1 - crossEntropyWeight) x angular margin`; the best checkpoint is chosen on the
 * validation clips, and labels of the test split are read by nobody. With `resume` it goes on from the last checkpoint, bit-identically on
 * the same backend, device and threads.
 *
 * @example
 * ```ts
 * import { FeatureStore, loadConfig, loadModel, train } from 'audiossl';
 * const store = await FeatureStore.open('features'); // of labelled recordings, as in the example of pretrain
 * const overrides = ['frontEnd.preset=acl', 'data.patchFrames=101', 'encoder={name: resnet18, width: 16}', 'train.epochs=2'];
 * await train({ store, config: loadConfig({ command: 'train', overrides }), out: 'runs/labelled' });
 * await store.close();
 * (await loadModel('runs/labelled')).metadata.classNames; // => ['high', 'low']
 * ```
 */
export async function train(input: TrainingInput): Promise<TrainingResult> {
  const { store, config } = input;
  const loss = supervisedLossOf(config);
  requireSupervised(config);
  if (store.classNames.length < 2) {
    throw new UsageError(
      `train: labels of 2 classes or more are needed, the store ${store.dir} has ${store.classNames.length}; use audiossl pretrain on unlabelled recordings`,
    );
  }
  return runTraining(input, {
    who: 'train',
    data: supervisedData(store.clips, config.data),
    select: (clips) => leaveOutUnlabelled(store, clips),
    plan: (context) => supervisedPlan(store, config, loss, context),
  });
}

function supervisedPlan(
  store: FeatureStore,
  config: TrainingConfig,
  loss: SupervisedLossOptions,
  { clips, standardisation, encoder, encoderParameters, backgroundSet, group }: TrainingContext,
): TrainingPlan<LabelledItem, LabelledBatch> {
  const { data, train, views, seed } = config;
  const { patchFrames, patchHop, compat } = data;
  if (train.selectBy !== 'accuracy' && train.selectBy !== 'validationLoss') {
    throw new UsageError(`train: train.selectBy must be accuracy or validationLoss, which a classifier has, got ${train.selectBy}`);
  }
  const feature = marginFeature(encoder, loss.marginOn);
  const head = classifier({ inputSize: encoder.embeddingSize, numClasses: store.classNames.length });
  const headParameters = head.createParameters({ seed });
  const method = supervised({ encoder, encoderParameters, head, headParameters, loss });
  const itemsOf = (split: 'train' | 'validation', patches: typeof train.patches) => {
    const labels = clips[split].map((clip) => store.clips[clip].labelIndex as number);
    return labelledItems({ store, clips: clips[split], labels, patches, patchFrames, patchHop });
  };
  const sourceOptions = { store, standardisation, patchFrames, excludeLastStart: compat.excludeLastStart, seed, backgroundSet };
  const canValidate = clips.validation.length >= 2;
  return {
    method: { ...supervisedMethod(method, { isThinning: leavesOutRows(loss.robust) }), parameters: method.parameters },
    head: { name: 'classifier', parameters: headParameters },
    source: createLabelledSource({ ...sourceOptions, pool: clips.train, views }),
    items: itemsOf('train', train.patches),
    look: canValidate
      ? createClassifierMonitor({
          method,
          fresh: train.initialise === null ? method.parameters : new Map(),
          source: createLabelledSource({ ...sourceOptions, pool: clips.validation, views: [] }),
          items: itemsOf('validation', 'grid'),
          classNames: store.classNames,
          batchSize: train.batchSize,
          seed,
          selectBy: train.selectBy,
          group,
        })
      : undefined,
    notes: [
      `the margin acts on ${feature === 'pooled' ? "the encoder's pooled feature" : 'the embedding h'}`,
      ...(canValidate ? [] : ['fewer than 2 labelled validation clips: no checkpoint is chosen as the best']),
    ],
  };
}
