import { basename, join } from 'node:path';
import { type FrontEnd, resolveFrontEnd } from '../audio/frontEnd.js';
import type { EmbeddingFile } from '../embed/readEmbeddings.js';
import type { RowKind } from '../embed/recordingPatches.js';
import { rowSpan } from '../embed/rowSpan.js';
import type { Span } from '../report/clipAudio.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { insideFolder } from '../util/insideFolder.js';
import type { Neighbour } from './nearestRows.js';
import { type RowClip, type RowPlace, rowClips } from './rowClips.js';
import { searchPage } from './searchPage.js';
import type { SearchQuery } from './searchQueries.js';

export interface SearchPageInput {
  /** Of the embeddings. */
  path: string;
  file: EmbeddingFile;
  queries: readonly SearchQuery[];
  /** Of each query, as `nearestRows` gives them. */
  found: readonly (readonly Neighbour[])[];
  /** Folder of the page. */
  out: string;
  /** Folder that was embedded, to see and hear its recordings. */
  audio?: string;
  /** How the rows were compared, for the reader. */
  method: string;
  version: string;
  /** Bytes of sound inside the page; later ones are linked. */
  mostBytes?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Writes OUT/index.html: each question with its own sound and log-mel, and below it what was found, each to be seen and heard from where the
 * row begins. Recordings that are missing, broken or named outside of `audio` are told where they would stand, and counted here.
 */
export async function writeSearchPage(input: SearchPageInput): Promise<{ html: string; numFound: number; numMute: number }> {
  const { path, file, queries, found, out, audio, method, version, mostBytes, signal, onProgress } = input;
  const facts = factsOf(file);
  const spanOf = (row: number) => facts.spanOf(file.timestamps[row]);
  // What is asked for by its name alone is all of a recording.
  const asked = queries.map((query) => {
    if (query.kind === 'sound') return { id: query.name, kind: 'a sound', place: { path: query.path } };
    const id = file.ids[query.rows[0]];
    const isRow = query.row !== undefined;
    return { id, kind: isRow ? id : 'a recording of the file', span: isRow ? spanOf(query.rows[0]) : undefined };
  });
  const wanted = [
    ...asked.map(({ id, span, place }) => place ?? placeOf(audio, id, span)),
    ...found.flatMap((neighbours) => neighbours.map(({ row }) => placeOf(audio, file.ids[row], spanOf(row)))),
  ];
  const places = wanted.map((place) => (typeof place === 'object' ? place : undefined));
  const { frontEnd, channel } = facts;
  const made = await rowClips(places, { pageDir: out, frontEnd, channel, mostBytes, signal, onProgress });
  const clips = wanted.map((place, i): RowClip | undefined => (typeof place === 'string' ? { trouble: place } : made[i]));
  let next = asked.length;
  const page = searchPage({
    ...{ file: basename(path), numRows: file.ids.length, rowKind: facts.rowKind, method, audio, version },
    time: new Date().toISOString(),
    queries: queries.map(({ name }, i) => ({
      name,
      kind: asked[i].kind,
      span: asked[i].span,
      clip: clips[i],
      found: found[i].map(({ row, similarity }) => ({ row, id: file.ids[row], similarity, span: spanOf(row), clip: clips[next++] })),
    })),
  });
  const html = join(out, 'index.html');
  await writeFileAtomic(html, page);
  const numMute = clips.slice(asked.length).filter((clip) => clip?.audio === undefined || clip.audio.kind === 'missing').length;
  return { html, numFound: clips.length - asked.length, numMute };
}

/** A text where the id names nothing in the folder, undefined without a folder. */
function placeOf(audio: string | undefined, id: string, span: Span | undefined): RowPlace | string | undefined {
  if (audio === undefined) return undefined;
  const path = insideFolder(audio, id);
  return path === undefined ? `Its name leads out of ${audio}: it is not looked for.` : { path, span };
}

/** What an embedding file says of its rows; other programs may have left all of it out. */
function factsOf({ meta }: EmbeddingFile) {
  const {
    per = 'clip',
    frontEnd,
    patchFrames,
    channel,
  } = meta as Partial<{
    per: RowKind;
    frontEnd: FrontEnd;
    patchFrames: number;
    channel: number;
  }>;
  const resolved = resolveFrontEnd(frontEnd);
  return {
    frontEnd: resolved,
    channel,
    rowKind: typeof per === 'object' ? `windows of ${per.window} s every ${per.hop} s` : per === 'patch' ? 'patches' : 'whole recordings',
    spanOf: (timestamp: number) =>
      per === 'clip' || patchFrames === undefined ? undefined : rowSpan(timestamp, per, { frontEnd: resolved, patchFrames }),
  };
}
