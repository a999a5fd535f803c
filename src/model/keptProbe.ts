import { statSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { loadSafetensors, saveSafetensors } from '../util/safetensors.js';
import type { Model } from './loadModel.js';

const KEY = 'audiosslProbe';

const probeFacts = z.looseObject({
  schemaVersion: z.literal(1),
  classNames: z.array(z.string()).min(2),
  encoder: z.object({ checkpoint: z.string(), sha256: z.string() }).describe('file of the encoder that it reads h of'),
  evaluation: z.string().describe('name of the evaluation that trained it'),
  clipMacroAccuracy: z.number().describe('on the clips that the evaluation predicted'),
  version: z.string(),
});

/** A linear classifier of one encoder's embeddings h, kept to label other recordings with. */
export interface KeptProbe {
  /** [dim + 1, classes] row-major, the bias in the last row, for h as the encoder gives it. */
  weights: Float32Array;
  dim: number;
  facts: z.infer<typeof probeFacts>;
}

/** Writes a probe as safetensors: `classifier.weight` `[classes, dim]` and `classifier.bias`, as PyTorch's Linear has them. */
export async function saveProbe(path: string, { weights, dim, facts }: KeptProbe): Promise<void> {
  const { length: numClasses } = facts.classNames;
  const weight = new Float32Array(numClasses * dim);
  for (let i = 0; i < dim; i++) for (let c = 0; c < numClasses; c++) weight[c * dim + i] = weights[i * numClasses + c];
  await saveSafetensors(path, {
    tensors: new Map([
      ['classifier.weight', { dtype: 'F32', shape: [numClasses, dim], data: weight }],
      ['classifier.bias', { dtype: 'F32', shape: [numClasses], data: weights.slice(dim * numClasses) }],
    ]),
    metadata: { [KEY]: JSON.stringify(facts) },
  });
}

/** Reads it back. Throws AudiosslError for a file that is broken or is no probe. *
 * @example
 * ```ts
 * import { evaluate, FeatureStore, loadModel, loadProbe } from 'audiossl';
 * const run = 'runs/mine'; // as in the example of pretrain
 * const [store, model] = [await FeatureStore.open('features'), await loadModel(run)];
 * await evaluate({ run, store, model, protocol: 'linear', split: 'validation', keepProbe: 'probe.safetensors' });
 * await store.close();
 * const { dim, facts } = await loadProbe('probe.safetensors');
 * [dim, facts.classNames]; // => [128, ['high', 'low']]
 * ```
 */
export async function loadProbe(path: string): Promise<KeptProbe> {
  const fail = (problem: string): never => {
    throw new AudiosslError(`loadProbe: ${path}: ${problem}; make one with audiossl evaluate RUN --protocol linear --keep-probe`);
  };
  const file = statSync(path, { throwIfNoEntry: false });
  if (!file?.isFile()) return fail(file === undefined ? 'is not there' : 'is a folder, a kept probe is a file');
  const { tensors, metadata } = await loadSafetensors(path);
  if (!Object.hasOwn(metadata, KEY)) return fail(`is no kept probe: it has no metadata "${KEY}"`);
  let facts: KeptProbe['facts'];
  try {
    facts = probeFacts.parse(JSON.parse(metadata[KEY]));
  } catch (error) {
    return fail(`metadata: ${errorText(error instanceof z.ZodError ? z.prettifyError(error) : error).replace(/\s*\n\s*/g, ' ')}`);
  }
  const [weight, bias] = ['classifier.weight', 'classifier.bias'].map((name) => tensors.get(name));
  const { length: numClasses } = facts.classNames;
  if (weight?.dtype !== 'F32' || weight.shape.length !== 2 || bias?.dtype !== 'F32')
    return fail('needs classifier.weight and .bias as F32');
  const dim = weight.shape[1];
  if (weight.shape[0] !== numClasses || bias.shape[0] !== numClasses || bias.shape.length !== 1) {
    return fail(`the classifier has ${weight.shape[0]} classes and ${bias.shape[0]} biases, the names are ${numClasses}`);
  }
  const weights = new Float32Array((dim + 1) * numClasses);
  for (let i = 0; i < dim; i++)
    for (let c = 0; c < numClasses; c++) weights[i * numClasses + c] = (weight.data as Float32Array)[c * dim + i];
  weights.set(bias.data as Float32Array, dim * numClasses);
  return { weights, dim, facts };
}

/**
 * The model with the probe in place of a classifier of its own. The caller disposes of both.
 * Throws UsageError for a probe of another encoder.
 *
 * @example
 * ```ts
 * import { embed, loadModel, loadProbe, tf, withProbe } from 'audiossl';
 * const encoder = await loadModel('runs/mine');
 * const model = withProbe(encoder, await loadProbe('probe.safetensors'), 'probe.safetensors'); // as in the example of loadProbe
 * const { h } = await embed({ model, paths: ['my-recordings/high/0.wav'] });
 * const [high, low] = model.classify(tf.tensor2d(h, [1, 128])).dataSync();
 * high > low; // => true
 * ```
 */
export function withProbe(model: Model, { weights, dim, facts }: KeptProbe, path: string): Model {
  const { encoder, classNames } = facts;
  const own = model.checkpoint?.sha256 ?? 'none';
  if (own !== encoder.sha256 || dim !== model.encoder.embeddingSize) {
    throw new UsageError(
      `classify: ${path} was trained on the embeddings of another encoder: ${encoder.checkpoint}, sha256 ${encoder.sha256.slice(0, 12)}, h of ${dim}; the model is ${model.checkpoint?.name ?? 'in no file'}, sha256 ${own.slice(0, 12)}, h of ${model.encoder.embeddingSize}; name that encoder with --model, or train a probe on this one`,
    );
  }
  const [weight, bias] = tf.tidy(() => {
    const all = tf.tensor2d(weights, [dim + 1, classNames.length]);
    return [tf.slice2d(all, [0, 0], [dim, classNames.length]), tf.slice2d(all, [dim, 0], [1, classNames.length])];
  });
  const classify = (h: tf.Tensor2D) => tf.tidy(() => tf.softmax<tf.Tensor2D>(tf.add(tf.matMul(h, weight), bias)));
  return {
    ...model,
    metadata: { ...model.metadata, classNames },
    classify,
    classifyPatches: (patches) => tf.tidy(() => classify(model.embedPatches(patches))),
    dispose: () => tf.dispose([weight, bias]),
  };
}
