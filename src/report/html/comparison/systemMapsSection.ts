import type { ComparisonReport } from '../../comparisonReport.js';
import { type Child, h } from '../../markup.js';
import { marker, scatter } from '../../svg/scatter.js';
import type { MapLeftOut, SystemMap } from '../../systemMaps.js';
import { mapAxes } from '../mapAxes.js';

/** One small map a system, side by side, and which have none; undefined without any. */
export function systemMapsSection({ maps, mapsLeftOut }: Pick<ComparisonReport, 'maps' | 'mapsLeftOut'>): Child {
  if (maps.length === 0) return undefined;
  return [
    h(
      'p',
      {},
      `Each mark is one clip of one run: its embedding, L2-normalised, ${maps.some(({ map }) => map.layout === 'umap') ? 'laid out by UMAP' : 'on the first two principal components of that run'}. Directions mean nothing from one map to the next, and hollow marks are clips that the classifier got wrong. The coordinates are in maps.csv.`,
    ),
    h(
      'ul',
      { class: 'legend' },
      maps[0].classNames.map((label, group) =>
        h('li', {}, h('svg', { viewBox: '0 0 14 14', 'aria-hidden': 'true' }, marker({ x: 7, y: 7, group, size: 4.5 })), label),
      ),
    ),
    h('div', { class: 'charts large' }, maps.map(oneMap)),
    leftOutText(mapsLeftOut, 'noEmbeddings', 'No map, as no embeddings of its clips are stored'),
    leftOutText(mapsLeftOut, 'tooManyPoints', 'No map, as those above have as many clips as a page can hold'),
  ];
}

function leftOutText(leftOut: readonly MapLeftOut[], reason: MapLeftOut['reason'], text: string): Child {
  const names = leftOut.filter((one) => one.reason === reason).map(({ system }) => system);
  return names.length > 0 && h('p', { class: 'soft' }, `${text}: ${names.join(', ')}.`);
}

function oneMap({ system, run, map }: SystemMap): Child {
  return h(
    'figure',
    {},
    h('figcaption', {}, system, h('span', { class: 'soft' }, ` ${run}`)),
    scatter({
      title: `Map of the clips by ${system}`,
      ...mapAxes(map),
      width: 440,
      height: 320,
      points: map.points
        .filter(({ group }) => group >= 0)
        .map(({ x, y, group, id, label, predicted }) => ({ x, y, group, isHollow: label !== predicted, title: `${id}: ${label}` })),
    }),
  );
}
