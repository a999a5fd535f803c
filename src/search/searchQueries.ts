import { stat } from 'node:fs/promises';
import type { EmbeddingFile } from '../embed/readEmbeddings.js';
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';

/** What a question is about: a row of the file, all rows of one of its recordings, or a sound that must be embedded first. */
export type SearchQuery =
  | {
      kind: 'rows';
      name: string;
      rows: number[];
      /** Rows that would find themselves. */
      own: ReadonlySet<number>;
      /** The one that was asked for by its number. */
      row?: number;
    }
  | { kind: 'sound'; name: string; path: string };

/**
 * What the words of a command line mean: a number is a row, the id of a recording in the file is its rows, anything else must be a sound
 * file. Throws UsageError for what is none of these.
 */
export async function searchQueries(words: readonly string[], { ids }: Pick<EmbeddingFile, 'ids'>): Promise<SearchQuery[]> {
  return Promise.all(
    words.map(async (word): Promise<SearchQuery> => {
      const rowsOf = (id: string) => ids.flatMap((other, row) => (other === id ? row : []));
      if (/^\d+$/.test(word)) {
        const row = Number(word);
        if (row >= ids.length) throw new UsageError(`search: --query must be a row of 0 .. ${ids.length - 1}, got ${word}`);
        return { kind: 'rows', name: `row ${row} (${ids[row]})`, rows: [row], own: new Set(rowsOf(ids[row])), row };
      }
      const rows = rowsOf(word);
      if (rows.length > 0) return { kind: 'rows', name: word, rows, own: new Set(rows) };
      const info = await stat(word).catch(() => undefined);
      if (info?.isFile()) return { kind: 'sound', name: word, path: word };
      throw new UsageError(
        `search: --query must be a row, a recording of the file or a sound, got ${word}, which ${info ? 'is a folder' : 'is not there'}${didYouMean(word, new Set(ids))}`,
      );
    }),
  );
}

/** One vector `[dim]` a question about rows: the row, or the mean of a recording's. */
export async function meanRow({ dim, readRows }: EmbeddingFile, rows: readonly number[]): Promise<Float32Array> {
  const sum = new Float64Array(dim);
  for (const row of rows) {
    const values = await readRows(row, 1);
    for (let i = 0; i < dim; i++) sum[i] += values[i];
  }
  return Float32Array.from(sum, (value) => value / rows.length);
}
