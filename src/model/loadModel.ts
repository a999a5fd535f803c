import * as tf from '@tensorflow/tfjs-core';
import { describeFrontEndDifference, type FrontEnd, resolveFrontEnd } from '../audio/frontEnd.js';
import { createEncoder, encoderOptions } from '../nn/createEncoder.js';
import type { Encoder } from '../nn/encoder.js';
import { disposeParameters, type Parameters, withoutDrawing } from '../nn/parameters.js';
import { classifier, type Head, projectionHeadOf, projectionHeadOptions } from '../nn/projectionHead.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { canonicalJson, sha256, sha256OfFile } from '../util/hash.js';
import type { CheckpointMetadata } from './checkpointMetadata.js';
import { findCheckpoint } from './findCheckpoint.js';
import { type OpenCheckpoint, openCheckpoint, readCheckpointMetadata } from './openCheckpoint.js';
import { readParameters, readTensors, selectTensors } from './parameters.js';
import { randomModelSeed, shippedModel } from './shippedModel.js';
import { standardise } from './standardise.js';
import { createWhitener, WHITENING, type Whitening, whiteningOf } from './whitening.js';

/** A trained encoder with everything that recordings need on their way into it. */
export interface Model {
  encoder: Encoder;
  /** Of the encoder. */
  parameters: Parameters;
  /** What `embedPatches` does to the encoder's h; absent = nothing. */
  whitening?: Whitening;
  metadata: CheckpointMetadata;
  frontEnd: FrontEnd;
  patchFrames: number;
  patchHop: number;
  /** Patches must come standardised by their clip (`standardiseClip`): then `embedPatches` does not take raw log-mel. */
  isPerClip: boolean;
  /** Where the weights came from; undefined for weights that are in no file. */
  checkpoint?: { name: string; path: string; sha256: string };
  /**
   * Raw log-mel `[n, patchFrames, nMels]` -> h `[n, embeddingSize]`, standardised inside, evaluation mode, not normalised,
   * whitened where the model has a `whitening`.
   */
  embedPatches(patches: tf.Tensor3D): tf.Tensor2D;
  /** Embeddings h `[n, embeddingSize]` -> raw z, evaluation mode. Undefined where the checkpoint has no projection head. */
  project?(h: tf.Tensor2D): tf.Tensor2D;
  /** Patches through both: raw z. */
  projectPatches?(patches: tf.Tensor3D): tf.Tensor2D;
  /** Embeddings h -> probabilities of the classes `metadata.classNames`, `[n, classes]`. Undefined where the checkpoint has no classifier. */
  classify?(h: tf.Tensor2D): tf.Tensor2D;
  /** Patches through both: probabilities. */
  classifyPatches?(patches: tf.Tensor3D): tf.Tensor2D;
  dispose(): void;
}

/**
 * Loads a checkpoint onto the current backend.
 * @param runOrFile a run folder, or a .safetensors file. Absent: the encoder that comes with the package, as the model's `checkpoint` says.
 * `random` or `random:SEED`: the same network, front end and standardisation with random weights
 * @param checkpoint of a run folder: best (default), last, or the path of a file; not beside a file
 *
 * @example
 * ```ts
 * import { loadModel } from 'audiossl';
 * const model = await loadModel(); // a run folder or a file of weights: loadModel('runs/acl')
 * const { encoder, frontEnd, patchFrames } = model;
 * [encoder.name, frontEnd.sampleRate, patchFrames]; // => ['resnet18', 22050, 101]
 * ```
 */
export async function loadModel(runOrFile?: string, { checkpoint }: { checkpoint?: string } = {}): Promise<Model> {
  const randomSeed = randomModelSeed(runOrFile);
  if (randomSeed !== undefined) return randomModel({ seed: randomSeed });
  const { name, path } = findCheckpoint(runOrFile, checkpoint);
  const file = await openCheckpoint(path);
  try {
    return { ...(await readModel(file, path)), checkpoint: { name, path, sha256: await sha256OfFile(path) } };
  } finally {
    await file.close();
  }
}

/** Tensors of the file are in memory one at a time: nothing that the model holds may refer to more of them. */
async function readModel(file: OpenCheckpoint, path: string): Promise<Model> {
  const { metadata } = file;
  const model = createModel(metadata, path, { isDrawn: false });
  const heads: Parameters[] = [];
  try {
    await readParameters('encoder', model.parameters, file, path);
    const project = await loadHead(
      'projectionHead',
      () => metadata.projectionHead && projectionHeadOf(model.encoder, headOptions(metadata)),
    );
    const scores = await loadHead('classifier', () =>
      classifier({ inputSize: model.encoder.embeddingSize, numClasses: metadata.classNames.length }),
    );
    const classify = scores && ((h: tf.Tensor2D) => tf.tidy(() => tf.softmax(scores(h))));
    const whitening = whiteningOf(await readTensors(WHITENING, file), model.encoder.embeddingSize, path);
    if (whitening !== undefined && heads.length > 0) {
      throw new AudiosslError(`loadModel: ${path}: a head and a whitening do not go together: the head is of embeddings before it`);
    }
    const whitener = whitening && createWhitener(whitening);
    return {
      ...model,
      ...(whitener && { whitening, embedPatches: (patches) => tf.tidy(() => whitener.whiten(model.embedPatches(patches))) }),
      ...(project && { project, projectPatches: (patches) => tf.tidy(() => project(model.embedPatches(patches))) }),
      ...(classify && { classify, classifyPatches: (patches) => tf.tidy(() => classify(model.embedPatches(patches))) }),
      dispose() {
        model.dispose();
        whitener?.dispose();
        for (const parameters of heads) disposeParameters(parameters);
      },
    };
  } catch (error) {
    model.dispose();
    for (const parameters of heads) disposeParameters(parameters);
    throw error;
  }

  /** What a head with the checkpoint's weights does to h in evaluation mode; undefined where the checkpoint has none. */
  async function loadHead(prefix: string, create: () => Head | null): Promise<((h: tf.Tensor2D) => tf.Tensor2D) | undefined> {
    const head = selectTensors(prefix, file.shapes).size > 0 ? create() : null;
    if (head === null) return undefined;
    const parameters = withoutDrawing(() => head.createParameters({ seed: 0 }));
    heads.push(parameters);
    await readParameters(prefix, parameters, file, path);
    return (h) => head.forward(parameters, h, { isTraining: false });
  }

  function headOptions({ projectionHead: given }: CheckpointMetadata) {
    const options = projectionHeadOptions.safeParse(given);
    if (!options.success) throw new AudiosslError(`loadModel: ${path}: unknown projection head ${JSON.stringify(given)}`);
    return options.data;
  }
}

/** A model with random weights of the network, front end and standardisation of a file: by default of the one that comes with the package. */
export async function randomModel({ seed, like }: { seed: number; like?: string }): Promise<Model> {
  const path = like ?? shippedModel().path;
  const metadata = await readCheckpointMetadata(path);
  const name = `random weights, seed ${seed}`;
  const { encoder, frontEnd, patchFrames, standardisation } = metadata;
  const identity = sha256(canonicalJson({ name, encoder, frontEnd, patchFrames, standardisation }));
  return {
    ...createModel({ ...metadata, step: 0, epoch: 0, projectionHead: null, classNames: [], whitening: undefined }, path, { seed }),
    checkpoint: { name, path: name, sha256: identity },
  };
}

/**
 * The model that a checkpoint's metadata describes, with fresh random weights: the baseline that training must beat.
 * @param isDrawn false: weights of 0, which will be overwritten
 */
export function createModel(metadata: CheckpointMetadata, file = 'checkpoint', { seed = 0, isDrawn = true } = {}): Model {
  const frontEnd = frontEndOf(metadata, file);
  const options = encoderOptions.safeParse(metadata.encoder);
  if (!options.success) {
    const own = metadata.encoder.name === 'module' ? options.error.issues[0].message : JSON.stringify(metadata.encoder);
    throw new AudiosslError(`loadModel: ${file}: unknown encoder: ${own}`);
  }
  const { standardisation, patchFrames, patchHop } = metadata;
  for (const values of [standardisation.mean, standardisation.standardDeviation]) {
    if (values.length !== 1 && values.length !== frontEnd.nMels) {
      throw new AudiosslError(`loadModel: ${file}: standardisation must have 1 or ${frontEnd.nMels} values, has ${values.length}`);
    }
  }
  const encoder = createEncoder(options.data, { nMels: frontEnd.nMels, patchFrames });
  const create = () => encoder.createParameters({ seed });
  const parameters = isDrawn ? create() : withoutDrawing(create);
  return {
    encoder,
    parameters,
    metadata,
    frontEnd,
    patchFrames,
    patchHop,
    isPerClip: standardisation.perClip === true,
    embedPatches: (patches) => tf.tidy(() => encoder.forward(parameters, standardise(patches, standardisation), { isTraining: false })),
    dispose: () => disposeParameters(parameters),
  };
}

/** Checked here: the file says it as a record of anything. */
function frontEndOf({ frontEnd }: CheckpointMetadata, file: string): FrontEnd {
  try {
    return resolveFrontEnd(frontEnd as Partial<FrontEnd>);
  } catch (error) {
    throw new AudiosslError(`loadModel: ${file}: ${errorText(error)}; the file is damaged or of another release`, { cause: error });
  }
}

/** Throws UsageError with both values of every key in which the features differ from what the model was trained on. */
export function checkModelFrontEnd(model: Pick<Model, 'frontEnd' | 'checkpoint'>, frontEnd: FrontEnd, features: string): void {
  const difference = describeFrontEndDifference(model.frontEnd, frontEnd);
  if (difference === undefined) return;
  throw new UsageError(
    `loadModel: ${model.checkpoint?.path ?? 'the model'} and ${features} have different front ends (model / features): ${difference}; make features with the model's front end`,
  );
}
