import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../util/errors.js';
import { packageFile } from '../util/packageFile.js';

/** The encoder that comes with the package, by the name under which commands and `loadModel` know it. */
export const shippedModelName = 'free-sounds';

/** The seed of `random` (0) and `random:SEED`, the same network with random weights: what training must beat. Undefined for other names. */
export function randomModelSeed(name: string | undefined): number | undefined {
  const [found, seed = '0'] = /^random(?::(\d{1,9}))?$/.exec(name ?? '') ?? [];
  return found === undefined ? undefined : Number(seed);
}

export interface ShippedModel {
  name: typeof shippedModelName;
  /** The file of weights. */
  path: string;
  /** What it was trained on, how, and what it is good and bad at. */
  card: string;
}

/**
 * Where the encoder that comes with the package is; found from this file, whatever the working folder. Throws UsageError where it is absent.
 * @param folder by default `models` of the package
 */
export function shippedModel(folder = packageFile('models')): ShippedModel {
  const path = join(folder, `${shippedModelName}.safetensors`);
  if (!existsSync(path)) {
    throw new UsageError(
      `loadModel: the encoder that comes with audiossl is not in this copy of it (${path}); name a run folder or a .safetensors file`,
    );
  }
  return { name: shippedModelName, path, card: join(folder, `${shippedModelName}.md`) };
}

/** Whether the package has it. */
export const isModelShipped = (folder = packageFile('models')): boolean => existsSync(join(folder, `${shippedModelName}.safetensors`));
