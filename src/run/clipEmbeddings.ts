import { AudiosslError } from '../util/errors.js';
import { readNpy, writeNpy } from '../util/npy.js';
import { evaluationPaths } from './evaluationRecord.js';
import { isNodeError, type RunFolder } from './runFolder.js';

/** Clip embeddings, row-major `[numRows, dim]`. */
export interface ClipEmbeddings {
  data: Float32Array;
  numRows: number;
  dim: number;
}

/**
 * Writes evaluations/<name>.embeddings.npy: float32 `[numClips, dim]`, one row a clip of the evaluated split, the mean of h over its grid
 * patches, not normalised. Row i belongs to row i of <name>.predictions.csv, which has ids and labels. Reports draw their map from it.
 */
export async function writeClipEmbeddings(run: RunFolder, name: string, { data, dim }: { data: Float32Array; dim: number }): Promise<void> {
  if (!Number.isInteger(dim) || dim < 1 || data.length % dim !== 0) {
    throw new AudiosslError(`writeClipEmbeddings: ${name}: the number of values must be a multiple of dim ${dim}, got ${data.length}`);
  }
  await writeNpy(evaluationPaths(run, name).embeddings, { data, shape: [data.length / dim, dim] });
}

/** Reads them back; undefined where the file is absent. */
export async function readClipEmbeddings(run: RunFolder, name: string): Promise<ClipEmbeddings | undefined> {
  const path = evaluationPaths(run, name).embeddings;
  try {
    const { data, shape } = await readNpy(path);
    if (!(data instanceof Float32Array) || shape.length !== 2) {
      throw new AudiosslError(`readClipEmbeddings: ${path} must be float32 [clips, dim], got shape [${shape}]`);
    }
    return { data, numRows: shape[0], dim: shape[1] };
  } catch (error) {
    if (isNodeError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
