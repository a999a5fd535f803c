import type { EmbeddingFile } from '../../embed/readEmbeddings.js';
import type { SearchQuery } from '../../search/searchQueries.js';
import type { Answers, IndexUsed } from './answerQueries.js';

/** For other programs: a list of questions, each with its neighbours. */
export function answersAsJson(queries: readonly SearchQuery[], { found, index }: Answers, { ids, timestamps }: EmbeddingFile): string {
  const answers = queries.map(({ name }, i) => ({
    query: name,
    ...(index && { index }),
    neighbours: found[i].map(({ row, similarity }, rank) => ({
      ...{ rank: rank + 1, row, clip: ids[row], timestampMs: timestamps[row], similarity },
    })),
  }));
  return `${JSON.stringify(answers)}\n`;
}

export function describeAnswers(
  queries: readonly SearchQuery[],
  { found, index }: Answers,
  { ids, timestamps, meta }: EmbeddingFile,
): string {
  const isOfClips = meta.per === 'clip';
  const answers = queries.map(({ name }, i) => {
    const lines = found[i].map(({ row, similarity }, rank) => {
      const at = isOfClips ? '' : `  at ${(timestamps[row] / 1000).toFixed(2)} s`;
      return `${String(rank + 1).padStart(4)}  ${similarity.toFixed(4).padStart(7)}  ${ids[row]}${at}\n`;
    });
    return `${name}\n${lines.length === 0 ? '  nothing else is in the file; --self also finds the rows of the query itself\n' : lines.join('')}`;
  });
  return [...answers, ...(index === undefined ? [] : [`${describeIndex(index)}\n`])].join('\n');
}

/** `by embeddings.npz.usearch: recall@10 0.997 of 200 rows`; rounded down, so that 1 is all of them. */
export function describeIndex({ path, recall }: IndexUsed): string {
  return `by ${path}${recall === undefined ? '' : `: recall@${recall.top} ${(Math.floor(1000 * recall.share) / 1000).toFixed(3)} of ${recall.rows} rows`}`;
}
