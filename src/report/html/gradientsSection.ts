import type { FeatureAnalysisRecord } from '../../run/featureAnalysis.js';
import { number } from '../format.js';
import { type Child, h } from '../markup.js';
import type { LineSeries } from '../svg/lineChart.js';
import { chartFigure, seriesLook } from './charts.js';

type Response = NonNullable<FeatureAnalysisRecord['gradients']>[number];

/** Gradient responses: a chart an option and kind of pair, curves and the batch's own pairs on one plot; undefined without any. */
export function gradientCharts({ gradients = [], split }: FeatureAnalysisRecord): Child {
  if (gradients.length === 0) return undefined;
  return [
    h('h3', {}, 'How strongly losses pull and push'),
    h(
      'p',
      {},
      `Gradient of an anchor's loss by the angle of one of its pairs, on projections of a batch of the ${split} split. Lines: the derivative for the batch's typical anchor with that one pair moved to each angle and all others held. Marks: pairs of the batch at their own angles. `,
      'Hard positives are far away (right), hard negatives near (left); a value of an option that changes nothing there leaves its lines on one another.',
    ),
    h('div', { class: 'charts' }, gradients.map(chart)),
  ];
}

function chart({ loss, option, kind, series }: Response): Child {
  const isPull = kind === 'positive';
  return chartFigure({
    title: `${loss}, ${option}: ${isPull ? 'pull on positives' : 'push on negatives'}`,
    xLabel: 'angle of the pair (degrees)',
    series: series.flatMap(({ value, curve, measured }, i): LineSeries[] => {
      const { colour, shape } = seriesLook(i);
      const degrees = (points: Response['series'][number]['curve']) => points.map(([x, y]) => [(180 * x) / Math.PI, y] as const);
      const name = `${option.split(' ')[0]} ${value === null ? 'off' : number(value)}`;
      return [
        { name, colour, points: degrees(curve) },
        { name: `${name}, measured`, colour, shape, isScattered: true, points: degrees(measured) },
      ];
    }),
  });
}
