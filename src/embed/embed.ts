import type { EmbeddingRows } from './embeddingRows.js';
import { type EmbedSummary, embedRecordings } from './embedRecordings.js';
import { findRecordings } from './findRecordings.js';

/**
 * Embeds recordings into memory: rows in the order of the recordings, one a recording or one a patch, and which recordings were left out.
 *
 *     const { h, dim, ids } = await embed({ model: await loadModel('runs/acl'), paths: ['recordings'] });
 *
 * `embedToFile` writes them as they come, where there are too many.
 * @param paths files and folders of recordings
 */
export async function embed({
  paths,
  per = 'clip',
  ...options
}: {
  paths: readonly string[];
  /** One row a recording (mean of h over its grid patches) or one a patch. */
  per?: 'clip' | 'patch';
} & Omit<Parameters<typeof embedRecordings>[0], 'recordings' | 'per' | 'onRows'>): Promise<EmbeddingRows & EmbedSummary> {
  const parts: EmbeddingRows[] = [];
  const summary = await embedRecordings({
    ...options,
    recordings: await findRecordings(paths),
    per,
    // A copy: a backend may hand out its own memory.
    onRows: async (rows) => void parts.push({ ...rows, h: rows.h.slice() }),
  });
  const dim = options.model.encoder.embeddingSize;
  const h = new Float32Array(summary.numRows * dim);
  let at = 0;
  for (const part of parts) {
    h.set(part.h, at);
    at += part.h.length;
  }
  return { ...summary, h, dim, ids: parts.flatMap(({ ids }) => ids), timestamps: parts.flatMap(({ timestamps }) => timestamps) };
}
