import type { FeatureAnalysisRecord } from '../../run/featureAnalysis.js';
import type { RunReport } from '../collectRun.js';
import { counted, number } from '../format.js';
import { type Child, h } from '../markup.js';
import { type HistogramSeries, histogramChart } from '../svg/histogramChart.js';
import { gradientCharts } from './gradientsSection.js';
import { table } from './parts.js';

type Space = 'h' | 'z';

/** Uniformity, tolerance, alignment and distances of positive pairs; undefined where `audiossl analyze` has not run. */
export function featuresSection(run: RunReport): Child {
  if (run.featureAnalyses.length === 0) return undefined;
  return run.featureAnalyses.map(({ record }) => [
    h('p', { class: 'finding' }, finding(record)),
    h(
      'p',
      {},
      `${counted(record.numClips, 'clip')} of the ${record.split} split, checkpoint ${record.checkpoint}, seed ${record.seed}. `,
      'h is the embedding that evaluation uses, z the projection that the contrastive loss sees. Uniformity is lower where clips are spread more evenly; tolerance is the mean cosine within a class, higher where a class lies closer together, and it also rises when the whole space shrinks: compare it with the cosine of clips of different classes.',
    ),
    table({
      caption: 'On two views made by the run’s own pipeline, and on two plain patches',
      columns: [
        { head: 'Quantity' },
        { head: 'h, views', isNumber: true },
        ...(hasZ(record) ? [{ head: 'z, views', isNumber: true }] : []),
        { head: 'h, patches', isNumber: true },
        ...(hasZ(record) ? [{ head: 'z, patches', isNumber: true }] : []),
      ],
      rows: quantities.map(([key, name]) => ({
        cells: [
          name,
          ...[record, record.patches].flatMap((source) =>
            (hasZ(record) ? (['h', 'z'] as const) : (['h'] as const)).map((space) => number(source[key]?.[space], 4)),
          ),
        ],
      })),
    }),
    h(
      'div',
      { class: 'charts' },
      (['h', 'z'] as const).map((space) => histogram(record, space)),
    ),
    gradientCharts(record),
  ]);
}

const quantities = [
  ['uniformity', 'Uniformity'],
  ['tolerance', 'Tolerance'],
  ['alignment', 'Alignment'],
  ['sameClassCosine', 'Cosine, other clips of the class'],
  ['otherClassCosine', 'Cosine, clips of other classes'],
] as const;

function histogram({ histograms, numPositivePairs }: FeatureAnalysisRecord, space: Space): Child {
  const [views, patches, others] = [histograms.views[space], histograms.patches[space], histograms.otherClips[space]];
  if (views === null || patches === null || others === null) return undefined;
  const series: HistogramSeries[] = [
    { name: 'two views of a clip', colour: 0, ...views },
    { name: 'two plain patches of a clip', colour: 2, isDashed: true, ...patches },
    { name: 'two different clips', colour: 1, isDashed: true, ...others },
  ];
  const title = `Distances of pairs, ${space}`;
  return h(
    'figure',
    {},
    h('figcaption', {}, title, h('span', { class: 'soft' }, ` ${counted(numPositivePairs, 'positive pair')}`)),
    histogramChart({ title, xLabel: 'distance on the unit sphere, 0 to 2', series }),
    h(
      'ul',
      { class: 'legend' },
      series.map(({ name, colour, isDashed, mean }) =>
        h(
          'li',
          {},
          h(
            'svg',
            { class: 'line-sample', viewBox: '0 0 34 14', 'aria-hidden': 'true' },
            isDashed
              ? h('path', { class: `curve stroke-${colour} published`, d: 'M1 7H33' })
              : h('rect', { class: `tint-${colour} stroke-${colour} outline`, x: 1, y: 2, width: 32, height: 10 }),
          ),
          `${name}, mean ${number(mean, 3)}`,
        ),
      ),
    ),
  );
}

function finding({ histograms, tolerance, otherClassCosine }: FeatureAnalysisRecord): string {
  const [views, others] = [histograms.views.h, histograms.otherClips.h];
  const classes =
    tolerance !== null && otherClassCosine !== null
      ? ` Clips of one class have a mean cosine of ${number(tolerance.h, 3)}, clips of different classes ${number(otherClassCosine.h, 3)}.`
      : '';
  return `Two views of a clip are ${number(views.mean, 3)} apart on average, two different clips ${number(others.mean, 3)} (embedding h).${classes}`;
}

function hasZ(record: FeatureAnalysisRecord): boolean {
  return record.uniformity.z !== null;
}
