import type { RunReport } from '../collectRun.js';
import { type Curve, monitorCurvesOf, titleOf, trainingCurves } from '../curves.js';
import { integer, number, percent } from '../format.js';
import { type Child, h } from '../markup.js';
import { isSupervised, selectionOf } from '../selection.js';
import { lineChart } from '../svg/lineChart.js';
import { details, empty, table } from './parts.js';

/** Loss terms, learning rate and speed, then the looks at the validation clips. */
export function curvesSection(run: RunReport): Child {
  const { log } = run;
  const training = trainingCurves(log);
  const monitor = monitorCurvesOf(run);
  const start = log.starts.at(-1);
  const stepsPerEpoch = start?.stepsPerEpoch;
  return [
    h('h3', {}, 'Training'),
    training.length === 0
      ? empty('No step has been logged.')
      : [
          stepsPerEpoch !== undefined &&
            h(
              'p',
              {},
              lossText(run),
              `One epoch is ${integer(stepsPerEpoch)} steps.`,
              log.epochs.length > 1 && ' Thin lines are single steps, thick lines the means of an epoch, drawn at its last step.',
              log.steps.length > 400 && ' Thin lines show means of a few steps each.',
            ),
          h('div', { class: 'charts' }, training.map(chart)),
          epochTable(run),
        ],
    h('h3', {}, 'Validation clips'),
    monitor.length === 0
      ? empty('No look at the validation clips has been logged.')
      : [
          h(
            'p',
            {},
            `The monitor reads validation clips only: the best checkpoint is the one with ${selectionOf(run).words}.`,
            !isSupervised(run) &&
              ' Alignment is lower when the two views of a clip lie closer, uniformity is lower when clips are spread more evenly; a standard deviation or a spread that falls towards 0, or an effective rank near 1, is a collapse.',
          ),
          // A dot is no curve.
          log.monitors.length === 1
            ? monitorTable(run)
            : [
                h('div', { class: 'charts' }, monitor.map(chart)),
                details(`Numbers of ${integer(log.monitors.length)} looks`, monitorTable(run)),
              ],
        ],
  ];
}

/** Where the loss began and ended, in one sentence. */
function lossText({ log }: RunReport): string {
  const [first, last] = [log.epochs[0]?.loss, log.epochs.at(-1)?.loss];
  if (log.epochs.length < 2 || typeof first !== 'number' || typeof last !== 'number') return '';
  return `The mean loss ${last < first ? 'fell' : 'did not fall: it went'} from ${number(first, 3)} in the first epoch to ${number(last, 3)} in the last. `;
}

function chart({ title, series, isPercent, mark }: Curve): Child {
  const named = series.filter((one) => one.isFaint !== true);
  return h(
    'figure',
    {},
    h('figcaption', {}, title),
    lineChart({ title, xLabel: 'step', series, isPercent, mark }),
    (named.length > 1 || named.some(({ name }) => name.includes(' = '))) &&
      h(
        'ul',
        { class: 'legend' },
        named.map((one) => h('li', {}, h('span', { class: `swatch swatch-${one.colour}` }), one.name)),
      ),
  );
}

function epochTable({ log }: RunReport): Child {
  if (log.epochs.length === 0) return empty('No epoch is complete yet.');
  const losses = [...new Set(log.epochs.flatMap((record) => Object.keys(record)))].filter((key) => key === 'loss' || /Loss$/.test(key));
  return details(
    `Numbers of ${integer(log.epochs.length)} epochs`,
    table({
      caption: 'Means of each epoch',
      columns: [
        { head: 'Epoch' },
        { head: 'Step', isNumber: true },
        ...losses.map((key) => ({ head: titleOf(key), isNumber: true })),
        { head: 'Seconds', isNumber: true },
      ],
      rows: log.epochs.map((record) => ({
        cells: [integer(record.epoch), integer(record.step), ...losses.map((key) => number(numeric(record[key]))), number(record.seconds)],
      })),
    }),
  );
}

function monitorTable(run: RunReport): Child {
  const { monitors } = run.log;
  const keys = (
    [
      ['knnClipMacroAccuracy', 'kNN macro', percent],
      ['knnClipMicroAccuracy', 'kNN micro', percent],
      ['clipMacroAccuracy', 'Macro', percent],
      ['clipMicroAccuracy', 'Micro', percent],
      ['validationLoss', 'Validation loss', number],
      ['alignment', 'Alignment', number],
      ['uniformity', 'Uniformity', number],
      ['standardDeviation', 'Standard deviation', number],
      ['relativeSpread', 'Spread', number],
      ['effectiveRank', 'Effective rank', number],
    ] as const
  ).filter(([key]) => (run.hasLabels || !/Accuracy$/.test(key)) && monitors.some((record) => record[key] !== undefined));
  return table({
    caption: monitors.length === 1 ? 'The one look at the validation clips' : 'State at each look at the validation clips',
    columns: [
      { head: 'Epoch' },
      { head: 'Step', isNumber: true },
      ...keys.map(([, head]) => ({ head, isNumber: true })),
      ...(monitors.length === 1 ? [] : [{ head: 'Best so far' }]),
    ],
    rows: monitors.map((record) => ({
      cells: [
        integer(record.epoch),
        integer(record.step),
        ...keys.map(([key, , format]) => format(record[key])),
        ...(monitors.length === 1 ? [] : [record.isBest ? 'yes' : '']),
      ],
    })),
  });
}

function numeric(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
