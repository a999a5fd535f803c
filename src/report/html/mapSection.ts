import type { RunReport } from '../collectRun.js';
import type { EmbeddingMap } from '../embeddingMap.js';
import { integer, number, percent } from '../format.js';
import { type Child, h } from '../markup.js';
import { mainEvaluation } from '../resultRows.js';
import { marker, scatter } from '../svg/scatter.js';
import { mapAxes } from './mapAxes.js';
import { details, empty, table } from './parts.js';
import { describe } from './results.js';

/** The main evaluation's clips in the plane: on the first two principal components of their embeddings, or laid out by UMAP. */
export function mapSection(run: RunReport): Child {
  const main = mainEvaluation(run);
  const evaluation = main?.map !== undefined ? main : run.evaluations.find(({ map }) => map !== undefined);
  if (evaluation?.map === undefined) return empty('No embeddings of evaluated clips are stored in this run, so there is no map.');
  const { map, record } = evaluation;
  const isSampled = map.points.length < map.numClips;
  return [
    h(
      'p',
      {},
      `Each mark is one clip of the ${record.split} split (${describe(evaluation)}): its embedding, L2-normalised, ${wordsOf(map)} `,
      'Hollow marks are clips that the classifier got wrong; names stand near the middle of their classes.',
      isSampled && ` ${integer(map.points.length)} of ${integer(map.numClips)} clips are shown.`,
    ),
    h(
      'ul',
      { class: 'legend' },
      record.classNames.map((label, group) =>
        h('li', {}, h('svg', { viewBox: '0 0 14 14', 'aria-hidden': 'true' }, marker({ x: 7, y: 7, group, size: 4.5 })), label),
      ),
    ),
    scatter({
      title: `Map of ${map.points.length} clip embeddings of the ${record.split} split, by class`,
      ...mapAxes(map),
      classNames: record.classNames,
      points: map.points
        .filter(({ group }) => group >= 0)
        .map(({ x, y, group, id, label, predicted }) => ({
          x,
          y,
          group,
          isHollow: label !== predicted,
          title: label === predicted ? `${id}: ${label}` : `${id}: ${label}, predicted ${predicted}`,
        })),
    }),
    details('Centres of the classes', centreTable(map, record.classNames), empty('The coordinates of every clip are in maps.csv.')),
  ];
}

function wordsOf({ layout, explainedVariance: [first, second] }: EmbeddingMap): string {
  return layout === 'umap'
    ? 'laid out by UMAP of its first fifty principal components: neighbours stay neighbours, while distances between groups, and how wide they are, mean little.'
    : `on the first two principal components. They hold ${percent(first)} and ${percent(second)} of the variance; what lies apart here may lie apart for other reasons than its class, and what overlaps may still be separable in the other dimensions.`;
}

function centreTable(map: EmbeddingMap, classNames: readonly string[]): Child {
  const rows = classNames.map((label, group) => {
    const points = map.points.filter((point) => point.group === group);
    const mean = (values: number[]) => (values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length);
    const x = mean(points.map((point) => point.x));
    const y = mean(points.map((point) => point.y));
    const spread =
      x === undefined || y === undefined ? undefined : Math.sqrt(mean(points.map((point) => (point.x - x) ** 2 + (point.y - y) ** 2)) ?? 0);
    return { cells: [label, integer(points.length), number(x, 3), number(y, 3), number(spread, 3)] };
  });
  return table({
    kind: 'narrow',
    caption: 'Mean position of each class on the map, and the root mean square distance of its clips from it',
    columns: [
      { head: 'Class' },
      { head: 'Clips', isNumber: true },
      { head: map.layout === 'umap' ? 'UMAP 1' : 'Component 1', isNumber: true },
      { head: map.layout === 'umap' ? 'UMAP 2' : 'Component 2', isNumber: true },
      { head: 'Spread', isNumber: true },
    ],
    rows,
  });
}
