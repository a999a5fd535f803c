import type { Span } from '../report/clipAudio.js';
import { integer } from '../report/format.js';
import { clipCard, clipCardPolicy, clipCardStyle } from '../report/html/clipCards.js';
import { pageFrame, sectionMarkup } from '../report/html/pageFrame.js';
import { empty, facts, table } from '../report/html/parts.js';
import { type Child, h, markup } from '../report/markup.js';
import { type RowClip, rowClipLimits } from './rowClips.js';

/** A row that was found, with what can be seen and heard of it. */
export interface FoundRow {
  row: number;
  id: string;
  similarity: number;
  /** Seconds of the recording, where the row is not all of it. */
  span?: Span;
  clip?: RowClip;
}

/** A question and its answers, nearest first. */
export interface AnsweredQuery {
  name: string;
  /** What it is: `a sound`, `a recording`, `row 7`. */
  kind: string;
  span?: Span;
  clip?: RowClip;
  found: readonly FoundRow[];
}

export interface SearchPage {
  /** Name of the embedding file, its rows, and what a row is. */
  file: string;
  numRows: number;
  rowKind: string;
  /** How they were compared. */
  method: string;
  /** Folder of the recordings; undefined where none was given. */
  audio?: string;
  queries: readonly AnsweredQuery[];
  time: string;
  version: string;
}

const searchStyle = markup(`<style>
.clip-card .score{margin-left:auto;flex:none;font-weight:400;font-size:14px;color:var(--soft);font-variant-numeric:tabular-nums}
.clip-card h3 .name{min-width:0;overflow-wrap:anywhere}
.asked{margin:0 0 26px;padding:14px 16px;background:var(--faint);list-style:none;max-width:640px}.asked img{background:var(--page)}
@media (max-width:600px){.asked{margin-left:-16px;margin-right:-16px}}
</style>`);

/** What `search` found as one page that needs nothing but itself, apart from recordings too large to be put into it. */
export function searchPage(page: SearchPage): string {
  const { file, queries, time, version } = page;
  const sections = queries.map((query, i) => ({ id: `query-${i + 1}`, title: query.name, content: answers(query, i + 1, page) }));
  const links = sections.length > 1 ? sections : [];
  return pageFrame({
    title: `Sounds like ${queries.map(({ name }) => name).join(', ')} – audiossl`,
    kind: 'audiossl search',
    heading: file,
    time,
    version,
    // Nothing from outside is loaded but recordings beside the page.
    contentSecurityPolicy: clipCardPolicy,
    extraStyle: [clipCardStyle, searchStyle],
    links,
    main: [summary(page), sections.map(sectionMarkup)],
    footer: 'Pictures are log-mel spectrograms: time runs to the right, mel bands upwards, each on its own scale.',
  });
}

function summary({ queries, audio, numRows, rowKind, method }: SearchPage): Child {
  const clips = queries.flatMap(({ clip, found }) => [clip, ...found.map((row) => row.clip)]);
  const linked = clips.filter((clip) => clip?.audio?.kind === 'linked').length;
  const found = queries.flatMap((query) => query.found);
  const isCut = found.some(({ span, clip }) => span !== undefined && clip?.audio?.kind === 'embedded' && clip.audio.cutTo !== undefined);
  const missing = found.filter(({ clip }) => clip?.audio?.kind === 'missing').length;
  return [
    facts([
      ['Compared', `${integer(numRows)} rows, ${rowKind}`],
      ['Search', method],
      ['Similarity', 'cosine of the angle between two embeddings: 1 = the same, 0 = nothing in common'],
      ['Recordings', audio === undefined ? undefined : h('span', { class: 'clip' }, audio)],
    ]),
    audio === undefined &&
      h(
        'p',
        {},
        'This page was written without the recordings. To see and hear what was found, give the folder that was embedded: ',
        h('code', {}, '--audio FOLDER'),
        '.',
      ),
    found.length > 0 &&
      missing === found.length &&
      h('ul', { class: 'warnings' }, h('li', {}, `None of the recordings found is in ${audio}; name the folder that was embedded.`)),
    isCut && empty(`Of large recordings the page has the stretch alone, ${rowClipLimits.heardSeconds} s or more from where it begins.`),
    linked > 0 &&
      empty('Recordings too large for the page are played from where they lie: they fall silent when page or recordings are moved.'),
  ];
}

function answers({ name, kind, span, clip, found }: AnsweredQuery, number: number, { audio }: SearchPage): Child {
  const card = clipCard({
    ...{ anchor: `asked-${number}`, title: 'Asked for', id: name, picture: clip?.picture, audio: clip?.audio, trouble: clip?.trouble },
    line: lineOf(kind, span && spanText(span), clip),
  });
  const list =
    audio === undefined
      ? resultTable(found)
      : h(
          'ol',
          { class: 'clips small' },
          found.map((each, i) => resultCard(each, i + 1, number)),
        );
  return [
    h('ul', { class: 'asked' }, card),
    found.length === 0
      ? empty('Nothing but the recording itself is in the file; with ', h('code', {}, '--self'), ' its own rows are found too.')
      : list,
  ];
}

function resultCard({ row, id, similarity, span, clip }: FoundRow, rank: number, query: number): Child {
  const name = id.slice(id.lastIndexOf('/') + 1);
  return clipCard({
    ...{ rank, anchor: `query-${query}-${rank}`, id, picture: clip?.picture, audio: clip?.audio, trouble: clip?.trouble },
    title: [h('span', { class: 'name' }, name), h('span', { class: 'score', title: 'similarity' }, similarity.toFixed(4))],
    line: lineOf(name === id ? undefined : id, span && spanText(span), clip, `row ${integer(row)}`),
  });
}

/** Of what is longer, the part that is heard. */
function lineOf(first: string | undefined, at: string | undefined, clip: RowClip | undefined, last?: string): string {
  return [first, at, clip?.note, last].filter((part) => part !== undefined).join(' · ');
}

function resultTable(found: readonly FoundRow[]): Child {
  const hasSpans = found.some(({ span }) => span !== undefined);
  return table({
    caption: 'Nearest first',
    columns: [
      { head: 'Recording' },
      { head: 'Similarity', isNumber: true },
      ...(hasSpans ? [{ head: 'Time', isNumber: true }] : []),
      { head: 'Row', isNumber: true, isWide: true },
    ],
    rows: found.map(({ id, similarity, span, row }, i) => ({
      cells: [
        [`${i + 1}. `, h('span', { class: 'clip' }, id)],
        similarity.toFixed(4),
        ...(hasSpans ? [span && spanText(span)] : []),
        integer(row),
      ],
    })),
  });
}

/** `2.50–3.51 s`, `1:02:03.5–1:02:13.5`. */
export function spanText([from, to]: Span): string {
  if (to < 60) return `${from.toFixed(2)}–${to.toFixed(2)} s`;
  const clock = (seconds: number) => {
    const tenths = Math.round(10 * seconds);
    const [hours, minutes, rest] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10];
    const padded = (value: string, length: number) => value.padStart(length, '0');
    const tail = padded(rest.toFixed(1), 4);
    return hours > 0 ? `${hours}:${padded(String(minutes), 2)}:${tail}` : `${minutes}:${tail}`;
  };
  return `${clock(from)}–${clock(to)}`;
}
