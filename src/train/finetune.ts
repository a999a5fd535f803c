import * as tf from '@tensorflow/tfjs-core';
import type { LabelledClips } from '../eval/evaluationClips.js';
import type { FinetuneInput, FinetuneResult } from '../eval/finetune.js';
import { supervisedLossOptions } from '../loss/lossOptions.js';
import { supervised } from '../method/supervised.js';
import { createModel } from '../model/loadModel.js';
import { disposeParameters } from '../nn/parameters.js';
import { classifier } from '../nn/projectionHead.js';
import { sgd } from '../optim/sgd.js';
import { AudiosslError } from '../util/errors.js';
import { createClassifierMonitor } from './classifierMonitor.js';
import { copyParameters } from './initialise.js';
import { createLabelledSource, labelledItems } from './labelledSource.js';
import { runEpochs } from './runEpochs.js';
import { supervisedMethod } from './supervisedMethod.js';
import { initialTrainingState } from './trainingState.js';

/**
 * Fine-tunes a pre-trained encoder with a fresh linear classifier on h: cross-entropy on one random patch a clip and epoch,
 * not augmented, SGD on all weights of both, standardised as in pre-training. After each epoch the validation clips are classified in
 * evaluation mode by the mean probabilities of their grid patches; the first epoch of the highest macro accuracy is kept.
 * `model` stays as it is. Draws and the classifier's weights are named by `seed`.
 *
 * @example
 * ```ts
 * import { evaluate, FeatureStore, finetune, loadConfig, loadModel } from 'audiossl';
 * const run = 'runs/mine'; // as in the example of pretrain
 * const [store, model] = [await FeatureStore.open('features'), await loadModel(run)];
 * const { evaluation: options } = loadConfig({ overrides: ['evaluation.finetune.epochs=5', 'evaluation.finetune.batchSize=4'] });
 * // Evaluation gives it the clips of the split, and classifies with the encoder that comes back.
 * const { record } = await evaluate({ run, store, model, protocol: 'finetune', split: 'validation', options, finetune });
 * await store.close();
 * record.clipMacroAccuracy; // => 1
 * ```
 */
export async function finetune(input: FinetuneInput): Promise<FinetuneResult> {
  const { model, store, train, validation, numClasses, options, seed, onProgress, signal } = input;
  const { metadata, patchFrames, patchHop } = model;
  const tuned = createModel(metadata);
  const { encoder, parameters: encoderParameters } = tuned;
  const head = classifier({ inputSize: encoder.embeddingSize, numClasses });
  const headParameters = head.createParameters({ seed });
  const optimizer = sgd(options);
  const kept: tf.Tensor[] = [];
  const dispose = (): void => {
    tuned.dispose();
    disposeParameters(headParameters);
  };
  try {
    copyParameters(model, encoderParameters, 'finetune');
    const loss = supervisedLossOptions.parse({ crossEntropyWeight: 1, marginOn: 'embedding' });
    const method = supervised({ encoder, encoderParameters, head, headParameters, loss });
    const source = createLabelledSource({ store, pool: [], views: [], standardisation: metadata.standardisation, patchFrames, seed });
    const itemsOf = ({ indices, labels }: LabelledClips, patches: 'random' | 'grid') =>
      labelledItems({ store, clips: indices, labels, patches, patchFrames, patchHop });
    const { epochs, batchSize, learningRate, milestones, factor } = options;
    const variables = [...method.parameters.values()];
    const end = await runEpochs({
      method: supervisedMethod(method, { isThinning: false }),
      optimizer,
      source,
      items: itemsOf(train, 'random'),
      look: createClassifierMonitor({
        method,
        source,
        items: itemsOf(validation, 'grid'),
        classNames: Array.from({ length: numClasses }, (_, label) => String(label)),
        batchSize,
        seed,
        selectBy: 'accuracy',
      }),
      save: async (isBest) => {
        if (!isBest) return;
        tf.dispose(kept.splice(0));
        // True copies: the optimiser changes the variables in place.
        for (const variable of variables) kept.push(tf.tidy(() => tf.add(variable, 0)));
      },
      log: () => {},
      state: initialTrainingState(),
      schedule: { name: 'multiStep', milestones, factor, warmupEpochs: 0, warmupFactor: 1 },
      learningRate,
      options: { epochs, batchSize, checkpointSeconds: Number.POSITIVE_INFINITY, monitorEveryEpochs: 1, earlyStopping: null },
      seed,
      signal,
      onProgress: onProgress && (({ epoch, batch, numBatches }) => onProgress((epoch - 1) * numBatches + batch, epochs * numBatches)),
    });
    if (end.reason === 'interrupted') throw signal?.reason ?? new AudiosslError('finetune: interrupted');
    if (end.bestEpoch === undefined || typeof end.bestValue !== 'number') {
      throw new AudiosslError('finetune: no epoch has a validation accuracy; lower evaluation.finetune.learningRate');
    }
    for (const [i, variable] of variables.entries()) variable.assign(kept[i]);
    const classify = (h: tf.Tensor2D): tf.Tensor2D => tf.tidy(() => tf.softmax(head.forward(headParameters, h, { isTraining: false })));
    const classifyPatches = (patches: tf.Tensor3D): tf.Tensor2D => tf.tidy(() => classify(tuned.embedPatches(patches)));
    return {
      model: { ...tuned, checkpoint: model.checkpoint, classify, classifyPatches, dispose },
      epoch: end.bestEpoch,
      validationClipMacroAccuracy: end.bestValue,
    };
  } catch (error) {
    dispose();
    throw error;
  } finally {
    tf.dispose(kept);
    optimizer.dispose();
  }
}
