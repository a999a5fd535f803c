import type { FeatureStore } from '../data/FeatureStore.js';
import type { Model } from '../model/loadModel.js';
import type { LabelledClips } from './evaluationClips.js';
import type { FinetuneOptions } from './evaluationOptions.js';

export interface FinetuneInput {
  /** Where the encoder's weights come from; stays the caller's and as it is. */
  model: Model;
  store: FeatureStore;
  train: LabelledClips;
  /** Chooses the epoch. */
  validation: LabelledClips;
  numClasses: number;
  options: FinetuneOptions;
  /** Of the new classifier, the order of the clips and the patches drawn. */
  seed: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface FinetuneResult {
  /** The encoder after the best epoch with its classifier; the caller disposes of it. Evaluation embeds once and classifies the embeddings. */
  model: Model & Required<Pick<Model, 'classify' | 'classifyPatches'>>;
  /** From 1: the first of the epochs with the highest validation clip macro accuracy. */
  epoch: number;
  validationClipMacroAccuracy: number;
}

/** Trains encoder and classifier together: `finetune` of train/, which evaluation is handed (it comes before training in the layers). */
export type Finetune = (input: FinetuneInput) => Promise<FinetuneResult>;
