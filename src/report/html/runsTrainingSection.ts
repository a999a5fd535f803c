import type { RunReport } from '../collectRun.js';
import { counted, integer, number, percent } from '../format.js';
import { type Child, h } from '../markup.js';
import { groupRuns, runCurves } from '../runCurves.js';
import { bestLook, type Selection, selectionOf } from '../selection.js';
import { lineChart } from '../svg/lineChart.js';
import { chartFigure } from './charts.js';
import { empty, table } from './parts.js';
import { trainingText } from './summary.js';

/** As many as can be told apart: seven colours, whole and dashed. */
const mostGroups = 14;

/** The training of several runs side by side: their curves in common charts, and their best looks at the validation clips. */
export function runsTrainingSection(runs: readonly RunReport[]): Child {
  const groups = groupRuns(runs);
  const drawn = groups.slice(0, mostGroups);
  const curves = runCurves(drawn);
  const [first, ...rest] = curves;
  const hasGroups = drawn.some((group) => group.runs.length > 1);
  return [
    h('p', { class: 'finding' }, looksFinding(runs)),
    first === undefined
      ? empty('Fewer than two of these runs have logged an epoch.')
      : h(
          'p',
          {},
          'Over epochs. ',
          hasGroups && 'Thick lines are means over runs that differ in seed or folds alone, thin ones those runs. ',
          'Losses of different kinds or weights have different heights: compare their shapes.',
        ),
    groups.length > drawn.length && empty(`Drawn are the first ${mostGroups} of ${groups.length} systems; log.csv has all.`),
    first !== undefined &&
      h(
        'div',
        { class: 'charts large' },
        chartFigure({ ...first, xLabel: 'epoch', width: 440, height: 260 }),
        // One legend is enough: a system looks alike in every chart.
        rest.map(({ title, series, isPercent }) =>
          h('figure', {}, h('figcaption', {}, title), lineChart({ title, series, isPercent, xLabel: 'epoch', width: 440, height: 260 })),
        ),
      ),
    looksTable(runs),
  ];
}

/** What chose the run's best checkpoint, and its value there. */
function bestOf(run: RunReport): { key: Selection['key']; value: number; isAccuracy: boolean; epoch: number } | undefined {
  const look = bestLook(run);
  const { key, isAccuracy } = selectionOf(run);
  const value = look?.[key];
  return look === undefined || typeof value !== 'number' ? undefined : { key, value, isAccuracy, epoch: look.epoch };
}

const keyWords: Record<Selection['key'], string> = {
  knnClipMacroAccuracy: 'kNN macro accuracy',
  probeClipMacroAccuracy: 'macro accuracy of the online probe',
  clipMacroAccuracy: 'macro accuracy of the own classifier',
  effectiveRank: 'effective rank',
  alignmentPlusUniformity: 'alignment + uniformity',
  validationLoss: 'validation loss',
};

/** Which run stands first by the number that chose its checkpoint; runs that were chosen by different ones are not compared. */
export function looksFinding(runs: readonly RunReport[]): string {
  const looks = runs.flatMap((run) => {
    const best = bestOf(run);
    return best === undefined ? [] : [{ name: run.name, ...best }];
  });
  if (looks.length < 2) return `${counted(looks.length, 'run')} of ${runs.length} looked at validation clips in training.`;
  const { key, isAccuracy } = looks[0];
  if (looks.some((look) => look.key !== key))
    return 'The checkpoints of these runs were chosen by different numbers, so these are not compared.';
  const first = looks.reduce((a, b) => ((isAccuracy ? b.value > a.value : b.value < a.value) ? b : a));
  const text = (value: number) => (isAccuracy ? percent(value) : number(value));
  const values = looks.map(({ value }) => value);
  const range = `${text(Math.min(...values))} to ${text(Math.max(...values))} over ${counted(looks.length, 'run')}`;
  const caveat =
    key === 'validationLoss'
      ? 'the loss is comparable only between runs of one loss'
      : 'the checkpoints were chosen by this very number, which flatters it';
  return `At the best checkpoint ${first.name} has the ${isAccuracy ? 'highest' : 'lowest'} ${keyWords[key]} on its validation clips, ${text(first.value)} (${range}); ${caveat}.`;
}

function looksTable(runs: readonly RunReport[]): Child {
  return table({
    kind: 'looks',
    caption: 'Training of each run, and the look at the validation clips that chose its best checkpoint',
    columns: [
      { head: 'Run' },
      { head: 'Best epoch', isNumber: true },
      { head: 'Chosen by', isWide: true },
      { head: 'Value there', isNumber: true },
      { head: 'Training', isWide: true },
    ],
    rows: runs.map((run) => {
      const best = bestOf(run);
      return {
        cells: [
          run.name,
          best === undefined ? '–' : integer(best.epoch),
          best === undefined ? '–' : keyWords[best.key],
          best === undefined ? '–' : best.isAccuracy ? percent(best.value) : number(best.value),
          trainingText(run),
        ],
      };
    }),
  });
}
