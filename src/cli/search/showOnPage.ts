import { stat } from 'node:fs/promises';
import type { EmbeddingFile } from '../../embed/readEmbeddings.js';
import type { SearchQuery } from '../../search/searchQueries.js';
import { writeSearchPage } from '../../search/writeSearchPage.js';
import { UsageError } from '../../util/errors.js';
import { packageVersion } from '../../util/packageVersion.js';
import { prepareFolder } from '../../util/prepareFolder.js';
import { createProgress, type Progress } from '../../util/progress.js';
import type { Answers } from './answerQueries.js';
import { describeIndex } from './describeAnswers.js';

interface PageOptions {
  embeddings: string;
  page?: string;
  audio?: string;
}

/** Before the search: a folder of recordings that is not there is a wrong word, not recordings that are missing. */
export async function preparePage({ page, audio }: PageOptions): Promise<void> {
  if (audio !== undefined) {
    if (page === undefined) throw new UsageError('search: --audio has the sounds of --page FOLDER; give both, or leave --audio out');
    const info = await stat(audio).catch(() => undefined);
    if (!info?.isDirectory())
      throw new UsageError(`search: --audio must be the folder of the recordings, got ${audio}, which is ${info ? 'a file' : 'not there'}`);
  }
  if (page !== undefined) await prepareFolder(page, { who: 'search', option: '--page' });
}

/** Writes the page, with a bar while recordings are read; gives the line that tells of it. */
export async function showOnPage(
  out: string,
  { embeddings: path, audio }: PageOptions,
  { found, index }: Answers,
  more: { queries: readonly SearchQuery[]; file: EmbeddingFile; signal: AbortSignal },
): Promise<string> {
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => {
    progress ??= createProgress({ label: 'Reading', total, unit: 'recordings' });
    progress.update(done);
  };
  try {
    const { html, numFound, numMute } = await writeSearchPage({
      ...{ ...more, path, found, out, audio, onProgress, version: packageVersion() },
      method: index === undefined ? 'exact: every row was compared' : describeIndex(index),
    });
    if (audio === undefined) return `${html} shows them; with --audio FOLDER it plays them too`;
    return `${html} shows and plays them${numMute === 0 ? '' : `, but ${numMute} of ${numFound}, whose recordings are missing or broken in ${audio}`}`;
  } finally {
    progress?.finish();
  }
}
