import { existsSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCheckpointMetadata } from '../../model/openCheckpoint.js';
import { shippedModel, shippedModelName } from '../../model/shippedModel.js';
import { toYaml } from '../../run/configText.js';
import { createRun, runFolder } from '../../run/runFolder.js';
import { UsageError } from '../../util/errors.js';
import { sha256OfFile } from '../../util/hash.js';

/**
 * The folder of a run whose checkpoint is the encoder that comes with the package, made where it is not there: records, embeddings and
 * reports go into it as into any run. It has no clips of its own.
 */
export async function shippedRun(
  { data, features, out = join('runs', shippedModelName) }: { data?: string; features?: string; out?: string },
  { path } = shippedModel(),
): Promise<string> {
  if (data === undefined && features === undefined) {
    throw new UsageError(
      'evaluate: name a run, or with --data DIR (or --features STORE) labelled recordings for the encoder that comes with audiossl',
    );
  }
  const { bestCheckpoint } = runFolder(out);
  if (existsSync(bestCheckpoint)) {
    if ((await sha256OfFile(bestCheckpoint)) === (await sha256OfFile(path))) return out;
    throw new UsageError(
      `evaluate: ${out} is the run of another encoder than the one that comes with audiossl; give another --out, or the run`,
    );
  }
  const metadata = await readCheckpointMetadata(path);
  const { run } = await createRun(out);
  await writeFile(run.config, toYaml(metadata.config as object));
  await writeFile(run.split, 'id,split\n');
  await copyFile(path, run.bestCheckpoint);
  return out;
}
