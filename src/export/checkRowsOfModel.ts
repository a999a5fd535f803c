import type { EmbeddingFile } from '../embed/readEmbeddings.js';
import type { RowKind } from '../embed/recordingPatches.js';
import type { Model } from '../model/loadModel.js';
import { UsageError } from '../util/errors.js';

/** Throws UsageError where the rows were made by another model than the one that is to embed the queries. */
export function checkRowsOfModel(path: string, { meta, ids, dim }: EmbeddingFile, model: Model): { per: RowKind } {
  const sha256 = (meta.model as { sha256?: string } | undefined)?.sha256;
  const wanted = model.checkpoint?.sha256;
  if (dim !== model.encoder.embeddingSize || sha256 !== wanted) {
    throw new UsageError(
      `export: the rows of ${path} must be of the model, whose checksum is ${wanted?.slice(0, 12)}, theirs is ${sha256?.slice(0, 12)}; give the --model that made them`,
    );
  }
  if (ids.length === 0) throw new UsageError(`export: ${path} has no rows; embed recordings first`);
  return { per: (meta.per ?? 'clip') as RowKind };
}
