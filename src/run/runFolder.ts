import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, UsageError } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';

/** The paths of a run folder. Making this object touches no disk. */
export interface RunFolder {
  dir: string;
  /** config.yaml: the resolved config, re-runnable as it is. */
  config: string;
  /** split.csv: id,split of every clip. */
  split: string;
  /** contents.csv: id,contentHash of the clips trained and validated on, see runContents.ts. */
  contents: string;
  /** Copies of the user's own modules that the config names, see keepModules.ts; absent where it names none. */
  modules: string;
  /** log.jsonl: see logRecord.ts. */
  log: string;
  checkpoints: string;
  lastCheckpoint: string;
  bestCheckpoint: string;
  /** Of a run that makes one (config key train.whiten, audiossl whiten): its encoder with whitened embeddings. */
  whitenedCheckpoint: string;
  /** One evaluation = `<name>.json`, `<name>.predictions.csv`, `<name>.embeddings.npy`: see evaluationRecord.ts. */
  evaluations: string;
  /** Embeddings of the run's clips, kept for the next evaluation: see embed/runEmbeddings.ts. May be deleted at any time. */
  embeddings: string;
  /** How well the encoder does on other data: see transferRecord.ts. */
  transfers: string;
  /** test-access.jsonl: one line an evaluation on the test split. */
  testAccess: string;
  /** views.json: one patch before and after each augmentation, see viewPictures.ts. */
  views: string;
  /** Default folder of `audiossl report`. */
  report: string;
}

export function runFolder(dir: string): RunFolder {
  const checkpoints = join(dir, 'checkpoints');
  return {
    dir,
    config: join(dir, 'config.yaml'),
    split: join(dir, 'split.csv'),
    contents: join(dir, 'contents.csv'),
    modules: join(dir, 'modules'),
    log: join(dir, 'log.jsonl'),
    checkpoints,
    lastCheckpoint: join(checkpoints, 'last.safetensors'),
    bestCheckpoint: join(checkpoints, 'best.safetensors'),
    whitenedCheckpoint: join(checkpoints, 'whitened.safetensors'),
    evaluations: join(dir, 'evaluations'),
    embeddings: join(dir, 'embeddings'),
    transfers: join(dir, 'transfers'),
    testAccess: join(dir, 'test-access.jsonl'),
    views: join(dir, 'views.json'),
    report: join(dir, 'report'),
  };
}

/**
 * Makes the folder of a new run, or with `resume` takes up one that is there.
 * `hasCheckpoint` is true only with `resume`, when there is a `last` checkpoint to go on from; else the run starts at step 0.
 * Throws UsageError when the folder has content and `resume` is off, or when it has content and is no run.
 */
export async function createRun(
  dir: string,
  { resume = false }: { resume?: boolean } = {},
): Promise<{ run: RunFolder; hasCheckpoint: boolean }> {
  const run = runFolder(dir);
  const hasContent = !(await isEmptyRun(dir));
  if (hasContent && !resume) {
    throw new UsageError(
      `createRun: the folder of a new run must be empty, ${dir} is not; pass --resume to go on with it, or another --out`,
    );
  }
  if (hasContent && !(await pathExists(run.config))) {
    throw new UsageError(
      `createRun: --resume needs the folder of a run, ${dir} has no config.yaml; pass the --out of the run to go on with`,
    );
  }
  await makeFolder(run.checkpoints);
  await makeFolder(run.evaluations);
  return { run, hasCheckpoint: hasContent && (await pathExists(run.lastCheckpoint)) };
}

/** An existing run, for reading and evaluating. Throws UsageError when `dir` is no run folder. */
export async function openRun(dir: string): Promise<RunFolder> {
  const run = runFolder(dir);
  if (!(await pathExists(dir))) throw new UsageError(`openRun: the run folder must exist, got ${dir}`);
  if (!(await pathExists(run.config))) {
    throw new UsageError(`openRun: ${dir} is no run folder: it has no config.yaml; pass the --out of audiossl pretrain or train`);
  }
  return run;
}

/** Absent, empty, or only with the empty folders that createRun made before a start that failed. */
async function isEmptyRun(dir: string): Promise<boolean> {
  const names = await namesIn(dir);
  for (const name of names) {
    if (name !== 'checkpoints' && name !== 'evaluations') return false;
    if ((await namesIn(join(dir, name))).length > 0) return false;
  }
  return true;
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (isNodeError(error, 'ENOENT')) return [];
    throw new UsageError(`createRun: ${dir} must be a folder that can be read: ${errorText(error)}`, { cause: error });
  }
}

/** Whether something is at the path; what stands in the way of knowing is thrown. */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isNodeError(error, 'ENOENT') || isNodeError(error, 'ENOTDIR')) return false;
    throw error;
  }
}

export function isNodeError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
