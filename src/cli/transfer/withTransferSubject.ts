import { loadConfig } from '../../config/loadConfig.js';
import type { Dataset } from '../../data/clip.js';
import type { FeatureStore } from '../../data/FeatureStore.js';
import { createModel } from '../../model/loadModel.js';
import { pickBackend } from '../backendOptions.js';
import { openFeatures } from '../openFeatures.js';
import { type Subject, withSubject } from '../withSubject.js';
import type { TransferOptions } from './transferOptions.js';

/** Instead of a model: the network of the default config before any training. */
export const isUntrained = (model: string): boolean => model === 'random';

/**
 * A model, or the untrained network, with the features of `data` for its front end, which are made beside the out folder.
 * @param options.dataset what is in `data`, listed once for all models
 */
export async function withTransferSubject<T>(
  model: string,
  { data, dataset, options, signal }: { data: string; dataset: Dataset; options: TransferOptions; signal: AbortSignal },
  work: (subject: Subject) => Promise<T>,
): Promise<T> {
  const { checkpoint, format, out } = options;
  // Beside the out folder, where other calls find them again.
  const source = { data, dataset, format, out };
  if (!isUntrained(model)) {
    const isFile = model.endsWith('.safetensors');
    return withSubject(model, { checkpoint: isFile ? undefined : checkpoint, backend: options, source, signal }, work);
  }
  const { frontEnd } = loadConfig({ overrides: [], command: 'pretrain' });
  await pickBackend(options);
  const store = await openFeatures({ ...source, frontEnd, signal });
  try {
    const untrained = await untrainedModel(store);
    try {
      return await work({ model: untrained, store });
    } finally {
      untrained.dispose();
    }
  } finally {
    await store.close();
  }
}

/** The default network with random weights, standardised by the clips that it is shown: nothing else is known. */
async function untrainedModel(store: FeatureStore): Promise<Subject['model']> {
  const config = loadConfig({ overrides: [], command: 'pretrain' });
  const { patchFrames, patchHop, standardisation: axes } = config.data;
  const all = Array.from(store.clips.keys());
  return createModel({
    ...{ schemaVersion: 1, step: 0, epoch: 0, position: { epoch: 1, batch: 0 } },
    ...{ encoder: config.encoder, projectionHead: null, frontEnd: { ...store.frontEnd }, patchFrames, patchHop },
    ...{ standardisation: await store.statistics(all, { standardisation: axes }), classNames: [], config, versions: {}, monitor: {} },
  });
}
