import { readFileSync } from 'node:fs';
import { htmlDocument } from '../report/html/htmlDocument.js';
import { h, markup } from '../report/markup.js';
import { packageFile } from '../util/packageFile.js';
import { pictureFrames, pictureMels, picturesPerFile } from './pictureFiles.js';

/** A colouring of the rows: groups by name, or values on a scale. */
export type Colouring =
  | { name: string; kind: 'groups'; groups: string[]; of: (number | null)[] }
  | { name: string; kind: 'scale'; values: (number | null)[]; low: string; high: string };

/** What a page shows. */
export interface ExplorePage {
  title: string;
  /** Recording of each row, and when in it, ms; no times where a row is a whole recording. */
  ids: readonly string[];
  timesMs?: readonly number[];
  labels?: readonly (string | undefined)[];
  /** `[n, 2]` */
  positions: Float32Array;
  axes: [string, string];
  /** `[n, size]`: what "sounds like" is measured by in the page. */
  components: { data: Float32Array; size: number; share: number };
  colourings: readonly Colouring[];
  sounds: readonly (string | undefined)[];
  hasPictures: boolean;
  notes: readonly string[];
  version: string;
}

const asset = (name: string) => readFileSync(packageFile('dist', 'explore', name), 'utf8');

/**
 * One page that works from a folder by double click, without a network: points on a canvas, pictures and sounds as they are asked for.
 * Labels and paths go into the page as JSON and are written as text only.
 */
export function explorePage(page: ExplorePage): string {
  const { positions, components, ...rest } = page;
  const data = {
    ...rest,
    picture: { frames: pictureFrames, mels: pictureMels, perFile: picturesPerFile },
    positions: base64(positions),
    components: { ...components, ...quantised(components) },
  };
  // `<` as an escape: no text of a label can end the script.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return htmlDocument({
    title: page.title,
    contentSecurityPolicy:
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'self' file:; media-src 'self' file:; img-src data: blob:",
    styles: [h('style', {}, markup(asset('page.css')))],
    body: [
      h('noscript', {}, 'This page needs JavaScript.'),
      markup(`<script type="application/json" id="data">${json}</script>`),
      markup(asset('page.html')),
      markup(`<script>${asset('page.js')}</script>`),
    ],
  });
}

function base64(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

/** Rows of length 1 as signed bytes: cosines from them err by less than 0.01 at 32 dimensions. */
function quantised({ data, size }: { data: Float32Array; size: number }): { data: string } {
  const bytes = new Int8Array(data.length);
  for (let start = 0; start < data.length; start += size) {
    const row = data.subarray(start, start + size);
    const length = Math.hypot(...row);
    for (let i = 0; i < size; i++) bytes[start + i] = length > 0 ? Math.round((127 * row[i]) / length) : 0;
  }
  return { data: Buffer.from(bytes.buffer).toString('base64') };
}
