import type { RunReport } from '../collectRun.js';
import { predictorText } from '../evaluationText.js';
import { counted, integer, percent, percentInterval } from '../format.js';
import { type Child, h } from '../markup.js';
import { mainEvaluation, type ResultRow, resultRows } from '../resultRows.js';
import { confusionMatrix } from '../svg/confusionMatrix.js';
import { barAxis, intervalBar } from '../svg/intervalBar.js';
import { breakable, details, empty, table, withInterval } from './parts.js';

/** Every evaluation of every run in one table, baselines under what they are compared with. */
export function resultsSection(runs: readonly RunReport[]): Child {
  const rows = resultRows(runs);
  if (rows.length === 0) return noResults(runs);
  const hasRuns = runs.length > 1;
  const hasTop3 = rows.some((row) => row.top3Accuracy !== null);
  const hasPatches = rows.some((row) => row.patchWeightedAccuracy !== null);
  const classes = new Set(runs.flatMap((run) => run.evaluations.map(({ record }) => record.classNames.length)));
  const chance = classes.size === 1 ? 1 / [...classes][0] : undefined;
  return [
    h(
      'p',
      {},
      'Accuracy counts clips. ',
      h('em', {}, 'Micro'),
      ' is the share of all clips that are right, ',
      h('em', {}, 'macro'),
      ' the mean of the classes’ recalls; square brackets hold 95 % intervals',
      intervalMethods(runs),
      '.',
      chance !== undefined && ` The dashed line is chance, ${percent(chance)}.`,
    ),
    table({
      kind: 'results',
      caption: 'Accuracy of every evaluation',
      columns: [
        { head: hasRuns ? 'Run and predictor' : 'Predictor' },
        { head: 'Split', isWide: true },
        { head: 'Seed', isNumber: true, isWide: true },
        { head: 'Clips', isNumber: true, isWide: true },
        { head: 'Micro', isNumber: true },
        { head: 'Macro', isNumber: true },
        { head: ['Macro', barAxis()], isPlot: true },
        ...(hasTop3 ? [{ head: 'Top-3', isNumber: true, isWide: true }] : []),
        ...(hasPatches ? [{ head: 'Patch-weighted', isNumber: true, isWide: true }] : []),
      ],
      rows: rows.map((row) => ({
        kind: row.kind,
        cells: [
          [
            nameOf(row, hasRuns),
            h(
              'span',
              { class: 'phone' },
              [row.split, seedOf(row) && `${row.meanOf === undefined ? 'seed ' : ''}${seedOf(row)}`].filter(Boolean).join(', '),
            ),
          ],
          row.split,
          seedOf(row),
          integer(row.numClips),
          accuracy(row.clipMicroAccuracy, row.clipMicroAccuracyInterval, row.clipMicroAccuracyDeviation),
          accuracy(row.clipMacroAccuracy, row.clipMacroAccuracyInterval, row.clipMacroAccuracyDeviation),
          intervalBar({
            label: `${row.predictor}, ${row.split}: macro ${percent(row.clipMacroAccuracy)}`,
            value: row.clipMacroAccuracy,
            interval: row.clipMacroAccuracyInterval,
            reference: chance,
            colour: row.kind === 'baseline' ? 6 : 0,
          }),
          ...(hasTop3 ? [percent(row.top3Accuracy)] : []),
          ...(hasPatches ? [percent(row.patchWeightedAccuracy)] : []),
        ],
      })),
    }),
    hasPatches &&
      h(
        'p',
        { class: 'soft' },
        'Patch-weighted accuracy gives each clip the weight of its number of patches, the “micro” accuracy of some papers; it is here for comparison only.',
      ),
  ];
}

/** Class by class and confusion matrix of the main evaluation, the others folded away. */
export function classesSection(run: RunReport): Child {
  const main = mainEvaluation(run);
  if (main === undefined) return undefined;
  const others = run.evaluations.filter((evaluation) => evaluation !== main);
  return [
    evaluationDetail(main),
    others.map((evaluation) => details(`The same for ${describe(evaluation)}`, evaluationDetail(evaluation))),
  ];
}

export function describe({ record }: RunReport['evaluations'][number]): string {
  return `${predictorText(record)} on ${record.split} clips, seed ${record.seed}, checkpoint ${record.checkpoint}`;
}

function evaluationDetail(evaluation: RunReport['evaluations'][number]): Child {
  const { record } = evaluation;
  const order = record.perClass.map((_, i) => i).sort((a, b) => (record.perClass[b].recall ?? -1) - (record.perClass[a].recall ?? -1));
  const confusions = record.confusion
    .flatMap((row, i) => row.map((n, j) => ({ i, j, n, share: n / row.reduce((sum, value) => sum + value, 0) })))
    .filter(({ i, j, n }) => i !== j && n > 0)
    .sort((a, b) => b.n - a.n || b.share - a.share);
  const title = `Confusion matrix, ${describe(evaluation)}`;
  return [
    h('p', {}, `Shown: ${describe(evaluation)}; ${counted(record.numClips, 'clip')}.`),
    table({
      caption: 'Recall of each class: the share of its clips that are right, with the 95 % interval, highest first',
      columns: [
        { head: 'Class' },
        { head: 'Clips', isNumber: true },
        { head: barAxis(), isPlot: true },
        { head: 'Recall', isNumber: true },
        { head: '95 % interval', isNumber: true, isWide: true },
      ],
      rows: order.map((i) => {
        const { label, numClips, recall, interval } = record.perClass[i];
        return {
          cells: [
            breakable(label),
            integer(numClips),
            intervalBar({
              label: `${label}: ${percent(recall)} [${percentInterval(interval)}]`,
              value: recall,
              interval,
              reference: 1 / record.classNames.length,
            }),
            percent(recall),
            h('span', { class: 'interval-text' }, percentInterval(interval)),
          ],
        };
      }),
    }),
    h('h3', {}, 'Confusions'),
    h(
      'p',
      {},
      'Rows are the true class, columns the predicted one, numbers are clips. The shade is the share of the row: blue for right, orange for wrong.',
    ),
    h(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title },
      confusionMatrix({ title, classNames: record.classNames, counts: record.confusion }),
    ),
    confusions.length === 0
      ? empty('No clip was confused.')
      : table({
          kind: 'narrow',
          caption:
            confusions.length > 10 ? `The 10 most frequent of ${confusions.length} kinds of confusion` : 'Confusions, most frequent first',
          columns: [
            { head: 'True class' },
            { head: 'Predicted' },
            { head: 'Clips', isNumber: true },
            { head: 'Share of the true class', isNumber: true },
          ],
          rows: confusions.slice(0, 10).map(({ i, j, n, share }) => ({
            cells: [breakable(record.classNames[i]), breakable(record.classNames[j]), integer(n), percent(share)],
          })),
        }),
  ];
}

function nameOf(row: ResultRow, hasRuns: boolean): Child {
  if (row.kind === 'baseline')
    return row.note === undefined ? row.predictor : [row.predictor, h('span', { class: 'note' }, ` ${row.note}`)];
  const name = row.checkpoint === 'best' ? row.predictor : `${row.predictor} (${row.checkpoint})`;
  const run = hasRuns && row.run !== '' ? `${row.run}: ` : '';
  return row.kind === 'mean' ? `${run}${name}, mean ± standard deviation` : `${run}${name}`;
}

function seedOf(row: ResultRow): string {
  if (row.meanOf !== undefined) return `${row.meanOf.count} ${row.meanOf.what}`;
  return row.kind === 'baseline' ? '' : String(row.seed);
}

function accuracy(value: number, interval: readonly [number, number] | null, deviation: number | undefined): Child {
  if (deviation !== undefined) return [percent(value), ' ', h('span', { class: 'interval-text' }, `± ${(100 * deviation).toFixed(1)}`)];
  return withInterval(percent(value), percentInterval(interval));
}

function intervalMethods(runs: readonly RunReport[]): string {
  const methods = new Map<string, Set<string>>();
  for (const { record } of runs.flatMap((run) => run.evaluations)) {
    for (const [metric, method] of Object.entries(record.intervalMethod))
      methods.set(metric, (methods.get(metric) ?? new Set()).add(method));
  }
  const words: Record<string, string> = { clipMicroAccuracy: 'micro', clipMacroAccuracy: 'macro', perClass: 'classes', recall: 'classes' };
  const text = [...methods].map(([metric, names]) => `${words[metric] ?? metric}: ${[...names].join(' or ')}`).join('; ');
  return text === '' ? '' : ` (${text})`;
}

function noResults(runs: readonly RunReport[]): Child {
  if (runs.every((run) => !run.hasLabels)) {
    return empty(
      'The training data has no labels, so there is no accuracy to report. The curves below show the loss on fixed validation views and the state of the embedding.',
    );
  }
  return empty(
    'Not evaluated yet. ',
    h('code', {}, `audiossl evaluate ${runs.length === 1 ? runs[0].dir : 'RUN'} --protocol linear --split test`),
    ' adds the results.',
  );
}
