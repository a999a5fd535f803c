import type { RunReport } from '../collectRun.js';
import { points, pointsInterval, pValueText } from '../differenceText.js';
import { type Child, h } from '../markup.js';
import { differenceDot } from '../svg/cellDots.js';
import { symmetricDomain } from '../svg/cellScale.js';
import { trainingHelped } from '../trainingHelped.js';
import { differenceAxis } from './comparison/differenceAxis.js';
import { table } from './parts.js';
import { describe } from './results.js';

/** Whether training helped, by the paired difference of each evaluation to its baselines; undefined where none was evaluated with them. */
export function trainingSection(run: RunReport): Child {
  const rows = run.evaluations.flatMap((evaluation) => {
    const helped = trainingHelped(evaluation.record);
    return helped === undefined ? [] : helped.against.map((baseline, i) => ({ evaluation, helped, isFirst: i === 0, ...baseline }));
  });
  if (rows.length === 0) return undefined;
  const domain = symmetricDomain(rows.flatMap(({ difference }) => (difference ? [difference.micro.low, difference.micro.high] : [])));
  return [
    h(
      'p',
      {},
      'The encoder minus what needs no training, in points of micro accuracy, on the same clips: paired, recordings drawn whole. ',
      h('em', {}, 'Yes'),
      ' where every 95 % interval lies above 0, ',
      h('em', {}, 'no'),
      ' where one lies below, else undecided. It is about these very weights: how far another seed would be off it does not say.',
    ),
    table({
      kind: 'results',
      caption: 'Better than no training?',
      columns: [
        { head: 'Evaluation and baseline' },
        { head: 'Better' },
        { head: 'Micro', isNumber: true },
        { head: ['Micro', differenceAxis(domain)], isPlot: true },
        { head: 'p', isNumber: true, isWide: true },
      ],
      rows: rows.map(({ evaluation, helped, isFirst, name, difference }) => {
        const micro = difference?.micro;
        return {
          kind: isFirst ? undefined : 'baseline',
          cells: [
            isFirst ? [describe(evaluation), h('span', { class: 'note' }, ` against ${name}`)] : `against ${name}`,
            isFirst && h('strong', {}, helped.answer),
            micro === undefined
              ? 'too few recordings'
              : [points(micro.estimate), ' ', h('span', { class: 'interval-text' }, `[${pointsInterval(micro)}]`)],
            micro &&
              differenceDot({
                label: `${describe(evaluation)} against ${name}: ${points(micro.estimate)} points [${pointsInterval(micro)}]`,
                value: micro.estimate,
                interval: [micro.low, micro.high],
                domain,
              }),
            micro === undefined ? '' : pValueText(micro.pValue),
          ],
        };
      }),
    }),
  ];
}
