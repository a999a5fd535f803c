import type { ViewPicture } from '../../run/viewPictures.js';
import type { RunReport } from '../collectRun.js';
import { colourMap } from '../colourMap.js';
import { colourRange } from '../colourRange.js';
import { titleOf } from '../curves.js';
import { number } from '../format.js';
import { logMelPng, pngDataUri } from '../logMelPicture.js';
import { type Child, h } from '../markup.js';
import { encodePng } from '../png.js';
import { empty } from './parts.js';

/** One patch before and after each augmentation, as pictures. */
export function viewsSection({ views }: RunReport): Child {
  if (views === undefined || views.views.length === 0) return empty('This run stored no pictures of its views.');
  const first = views.views[0][0];
  // One scale for all pictures: a change of level must be seen as one.
  const range = colourRange(joined([...views.views.flat(), ...(views.gallery ?? [])]));
  const ramp = encodePng({ width: 256, height: 1, pixels: Uint8Array.from({ length: 256 }, (_, i) => i), palette: colourMap });
  return [
    h(
      'p',
      {},
      `A training step makes ${views.views.length === 1 ? 'one view' : `${views.views.length} views`} of each clip by these steps, each applied to the picture before it. Time runs to the right (${first.numFrames} frames), mel bands upwards (${first.nMels}). Clip: `,
      h('span', { class: 'clip' }, views.clip),
      '.',
    ),
    h(
      'div',
      { class: 'ramp-row' },
      number(range[0], 3),
      h('img', { class: 'ramp', src: pngDataUri(ramp), width: 200, height: 12, alt: 'colour scale from low to high log-mel values' }),
      `${number(range[1], 3)} log-mel`,
    ),
    views.views.map((pictures, i) => [
      views.views.length > 1 && h('h3', {}, `View ${String.fromCharCode(65 + i)}`),
      h(
        'div',
        { class: 'pictures' },
        pictures.map((picture, step) => figure(picture, step, range)),
      ),
    ]),
    views.gallery !== undefined &&
      views.gallery.length > 0 && [
        h('h3', {}, 'Each augmentation alone'),
        h('p', {}, 'The same patch after one augmentation with its default settings, those that this run does not use included.'),
        h(
          'div',
          { class: 'pictures' },
          views.gallery.map((picture, step) => figure(picture, step, range)),
        ),
      ],
  ];
}

function joined(pictures: readonly ViewPicture[]): Float32Array {
  const all = new Float32Array(pictures.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of pictures) {
    all.set(data, at);
    at += data.length;
  }
  return all;
}

function figure(picture: ViewPicture, step: number, range: readonly [number, number]): Child {
  const name = step === 0 ? 'Patch' : titleOf(picture.name);
  return h(
    'figure',
    {},
    h('img', {
      src: pngDataUri(logMelPng(picture, range)),
      width: picture.numFrames,
      height: picture.nMels,
      alt: `log-mel ${step === 0 ? 'before any augmentation' : `after ${name.toLowerCase()}`}`,
    }),
    h('figcaption', {}, name, picture.note !== undefined && picture.note !== '' && h('span', { class: 'soft' }, ` ${picture.note}`)),
  );
}
