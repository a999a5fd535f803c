import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isCheckpointName } from '../util/checkpointNames.js';
import { UsageError } from '../util/errors.js';
import { shippedModel, shippedModelName } from './shippedModel.js';

export interface FoundCheckpoint {
  /** `best`, `last`, `whitened`, the path that was given, or the name of the encoder that comes with the package. */
  name: string;
  path: string;
}

/**
 * The file of weights that a run folder, a file or a name means.
 * @param runOrFile absent, or `free-sounds` where nothing in the working folder is called so: the encoder that comes with the package
 * @param given of a run folder: best (default), last, whitened, or the path of a file
 */
export function findCheckpoint(runOrFile: string | undefined, given: string | undefined): FoundCheckpoint {
  if (runOrFile === undefined || (runOrFile === shippedModelName && !existsSync(runOrFile))) {
    if (given !== undefined) {
      throw new UsageError(`loadModel: a checkpoint is chosen from a run folder, none is named; leave out the checkpoint ${given}`);
    }
    const { name, path } = shippedModel();
    return { name, path };
  }
  if (!existsSync(runOrFile)) {
    throw new UsageError(
      `loadModel: needs a run folder, a .safetensors file, or no name for the encoder that comes with audiossl; ${runOrFile} does not exist`,
    );
  }
  if (!statSync(runOrFile).isDirectory()) {
    if (given === undefined) return { name: runOrFile, path: runOrFile };
    throw new UsageError(`loadModel: a checkpoint is chosen from a run folder, ${runOrFile} is a file; leave out the checkpoint ${given}`);
  }
  const checkpoint = given ?? 'best';
  const path = isCheckpointName(checkpoint) ? join(runOrFile, 'checkpoints', `${checkpoint}.safetensors`) : checkpoint;
  if (!existsSync(path)) {
    const remedies: Partial<Record<string, string>> = {
      best: 'pass --checkpoint last, or train until the first look at the validation clips',
      whitened: `make it: audiossl whiten --model ${runOrFile}`,
    };
    const remedy = remedies[checkpoint] ?? 'pass --checkpoint best, last, whitened or the path of a file';
    throw new UsageError(`loadModel: ${path} does not exist; ${remedy}`);
  }
  return { name: checkpoint, path };
}
