import { existsSync } from 'node:fs';
import type { BackendOptions } from '../backend/setBackend.js';
import type { ResolvedConfig } from '../config/configSchema.js';
import type { Dataset } from '../data/clip.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { DatasetFormat } from '../data/loadDataset.js';
import type { Model } from '../model/loadModel.js';
import type { RunFolder } from '../run/runFolder.js';
import { UsageError } from '../util/errors.js';
import { pickBackend } from './backendOptions.js';
import { describeShipped } from './describeShipped.js';

/** A trained encoder on the backend, and the run that it is of. */
export interface OpenedModel {
  /** Undefined where the model is a file. */
  run?: RunFolder;
  model: Model;
}

/** What a command that asks an encoder about clips works on. */
export interface Subject extends OpenedModel {
  store: FeatureStore;
}

/** Where the clips come from, as the command line says it. */
export interface SubjectSource {
  /** Recordings; their features are made first, or found again. */
  data?: string;
  /** What is in `data`, where it was listed already. */
  dataset?: Dataset | undefined;
  /** Layout of `data`. */
  format: DatasetFormat;
  /** A feature store. */
  features?: string;
  /** Features that must be made are put beside this folder; default: the run. */
  out?: string;
}

/**
 * Sets the backend and loads a run's checkpoint, or a file of weights, for `work`; lets go of it afterwards. Without a name it is the encoder
 * that comes with the package, and a line says so.
 */
export async function withModel<T>(
  runOrFile: string | undefined,
  { checkpoint, backend }: { checkpoint?: string; backend: Partial<BackendOptions> },
  work: (opened: OpenedModel) => Promise<T>,
): Promise<T> {
  const [{ loadModel }, { openRun, runFolder }] = await Promise.all([import('../model/loadModel.js'), import('../run/runFolder.js')]);
  // A folder with checkpoints and nothing else will do where nothing else is asked for.
  const run = runOrFile !== undefined && existsSync(runFolder(runOrFile).config) ? await openRun(runOrFile) : undefined;
  await pickBackend(backend);
  const model = await loadModel(runOrFile, { checkpoint });
  const shipped = describeShipped(model);
  if (shipped !== undefined) process.stderr.write(`audiossl: ${shipped}\n`);
  try {
    return await work({ run, model });
  } finally {
    model.dispose();
  }
}

/**
 * The one way into a command that starts from a run or model and from clips: backend, run, model and store are opened for `work`, found to
 * fit together, and let go of afterwards. Without `data` or `features` the clips are those that the run was trained on.
 * Throws UsageError where something is missing or the features are of another front end than the model's.
 */
export async function withSubject<T>(
  runOrFile: string | undefined,
  { source, signal, ...options }: { checkpoint?: string; backend: Partial<BackendOptions>; source: SubjectSource; signal: AbortSignal },
  work: (subject: Subject) => Promise<T>,
): Promise<T> {
  return withModel(runOrFile, options, async ({ run, model }) => {
    const { checkModelFrontEnd } = await import('../model/loadModel.js');
    const store = await openStore({ run, model, source, signal });
    try {
      checkModelFrontEnd(model, store.frontEnd, `the store ${store.dir}`);
      return await work({ run, model, store });
    } finally {
      await store.close();
    }
  });
}

async function openStore({
  run,
  model: { frontEnd },
  source: { data, dataset, format, features, out = run?.dir },
  signal,
}: OpenedModel & { source: SubjectSource; signal: AbortSignal }): Promise<FeatureStore> {
  const [{ FeatureStore }, { isFeatureStore }, { readLog }, { openFeatures }] = await Promise.all([
    import('../data/FeatureStore.js'),
    import('../data/isFeatureStore.js'),
    import('../run/readLog.js'),
    import('./openFeatures.js'),
  ]);
  if (data !== undefined || features !== undefined || run === undefined || out === undefined) {
    return openFeatures({ data, dataset, features, out: out ?? '.', format, frontEnd, signal });
  }
  const trainedOn = (await readLog(run.log)).starts.at(-1)?.dataset;
  if (trainedOn === undefined || !existsSync(trainedOn)) {
    const where = trainedOn === undefined ? 'its log does not say on which' : `${trainedOn} is not there`;
    throw new UsageError(`the features that ${run.dir} was trained on are needed and ${where}; pass --features STORE or --data DIR`);
  }
  if (isFeatureStore(trainedOn)) return FeatureStore.open(trainedOn);
  return openFeatures({ data: trainedOn, out, format: (await configOf(run)).data.format, frontEnd, signal });
}

/** A run's own config, with what the command line overrides. */
export async function configOf(run: RunFolder, overrides: readonly string[] = []): Promise<ResolvedConfig> {
  const { loadConfig } = await import('../config/loadConfig.js');
  return loadConfig({ file: run.config, overrides: [...overrides] });
}
