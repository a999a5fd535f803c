import type { FeatureStore } from '../data/FeatureStore.js';
import type { EmbeddingCache } from '../embed/embeddingCache.js';
import type { Model } from '../model/loadModel.js';
import type { RunFolder } from '../run/runFolder.js';
import type { EvaluationOptions } from './evaluationOptions.js';
import type { SplitChoice } from './evaluationSplit.js';
import type { Finetune } from './finetune.js';
import type { LabelLimit } from './limitLabels.js';
import type { ProtocolName } from './protocolNames.js';
import type { ProtocolInput } from './protocols.js';

export interface EvaluateOptions extends SplitChoice {
  /** Its folder, or what `openRun` made of it. */
  run: RunFolder | string;
  /** The run's features: its front end must be the model's. */
  store: FeatureStore;
  /** From `loadModel(run.dir, { checkpoint })`; stays the caller's. */
  model: Model;
  protocol: ProtocolName;
  split: 'validation' | 'test';
  /** Default: those of `evaluationOptions`. */
  options?: EvaluationOptions;
  /** For the record: program and arguments. */
  command?: string[];
  /** Also chance, log-mel statistics with a ridge classifier, and the same encoder with random weights. */
  baselines?: boolean;
  /** Embeddings of this model on this store. Default: those that the run folder keeps, by the checkpoint's checksum. */
  cache?: EmbeddingCache;
  /** `finetune` of train/, for the protocol of that name. */
  finetune?: Finetune;
  onProgress?: ProtocolInput['onProgress'];
  signal?: AbortSignal;
  /** Of the classifier, the choice of labels and the intervals. Default: the run's. */
  seed?: number;
  /** The linear probe is kept here, to classify other recordings with; true: beside the record, NAME.probe.safetensors. */
  keepProbe?: string | true;
  /** Learn from fewer labels; absent = all. */
  limit?: LabelLimit;
}
