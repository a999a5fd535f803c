import type { EmbeddingFile } from '../embed/readEmbeddings.js';
import type { Model } from '../model/loadModel.js';
import { UsageError } from '../util/errors.js';

/** Throws UsageError where a file's rows are of another model than the one that embeds the questions: their cosines would mean nothing. */
export function checkSameModel(path: string, { meta, dim }: Pick<EmbeddingFile, 'meta' | 'dim'>, model: Model): void {
  const made = (meta.model as { sha256?: string } | undefined)?.sha256;
  const given = model.checkpoint?.sha256;
  if (made !== undefined && given !== undefined && made !== given)
    throw new UsageError(
      `search: ${path} was made by the model of SHA-256 ${made.slice(0, 12)}..., got one of ${given.slice(0, 12)}...; pass --model with the one that made it`,
    );
  if (model.encoder.embeddingSize !== dim)
    throw new UsageError(`search: ${path} has rows of ${dim} values, the model gives ${model.encoder.embeddingSize}; pass --model with the one that made it`); // biome-ignore format: one line
}
