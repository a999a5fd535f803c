import { groupBy } from '../../util/groupBy.js';
import { formatDuration } from '../../util/progress.js';
import type { RunReport } from '../collectRun.js';
import { predictorText } from '../evaluationText.js';
import { counted, dateTime, integer, number, percent, percentInterval } from '../format.js';
import { helpedSentence } from '../helpedSentence.js';
import { type Child, h } from '../markup.js';
import { mainEvaluation } from '../resultRows.js';
import { bestLook, selectionOf, valueAt } from '../selection.js';
import { facts } from './parts.js';
import { describe } from './results.js';

/** Whether training helped; then what was trained, on what, for how long, and the numbers that came out. */
export function summarySection(run: RunReport): Child {
  const { log } = run;
  const start = log.starts.at(-1);
  const first = log.starts.at(0);
  const parameters = Object.entries(start?.numParameters ?? {});
  return [
    run.warnings.length > 0 &&
      h(
        'ul',
        { class: 'warnings', 'aria-label': 'Warnings' },
        run.warnings.map((warning) => h('li', {}, warning)),
      ),
    h('p', { class: 'finding' }, helpedSentence(run)),
    facts([
      [
        'Data',
        start && [
          start.dataset ?? '',
          start.dataset !== undefined && ', ',
          run.hasLabels ? counted(start.classNames.length, 'class', 'classes') : 'no labels',
        ],
      ],
      ['Clips', clipCounts(run)],
      [
        'Networks',
        parameters.map(([part, count]) => `${words(part)} ${integer(count)}`).join(', ') +
          (parameters.length > 0 ? ' trainable values' : ''),
      ],
      ['Loss', lossOptionsText(run)],
      ['Training', trainingText(run)],
      ['Best checkpoint', bestText(run)],
      ['Result', resultText(run)],
      ['Machine', start && [start.backend, start.device, start.precision, counted(start.threads, 'thread'), ...memoryText(run)].join(', ')],
      ['Seed', start && String(start.seed)],
      ['Config', h('code', {}, run.configHash.slice(0, 16))],
      ['Started', first && dateTime(first.time)],
    ]),
    notesOf(run).length > 0 && [
      h('h3', {}, 'Notes on the data'),
      h(
        'ul',
        {},
        notesOf(run).map((note) => h('li', {}, note)),
      ),
    ],
  ];
}

/** Of the data, then of the evaluations: what one of several says names it. */
export function notesOf(run: Pick<RunReport, 'log' | 'evaluations'>): string[] {
  const start = run.log.starts.at(-1);
  const ofData = start?.dataNotes ?? [];
  const ofEvaluations = groupBy(
    run.evaluations.flatMap(({ record }) => record.notes.map((note) => ({ note, record }))),
    ({ note }) => note,
  );
  return [
    ...ofData,
    ...[...ofEvaluations]
      .filter(([note]) => !ofData.includes(note))
      .map(([note, said]) =>
        said.length > 1 || run.evaluations.length === 1 ? note : `${predictorText(said[0].record)}, seed ${said[0].record.seed}: ${note}`,
      ),
  ];
}

export function clipCounts(run: RunReport): string {
  const counts: Record<string, number> | undefined = run.splitCounts ?? splitNumbers(run);
  if (counts === undefined) return '';
  return ['train', 'validation', 'test']
    .filter((split) => (counts[split] ?? 0) > 0)
    .map((split) => `${integer(counts[split])} ${split === 'train' ? 'training' : split}`)
    .join(', ');
}

/** The loss in words, with its weight under the paper's name. */
export function lossOptionsText({ config }: Pick<RunReport, 'config'>): string {
  const loss = (key: string) => valueAt(config, ['loss', key]);
  const alpha = (weight: unknown) => (typeof weight === 'number' ? ` = ${number(weight)} (the paper’s alpha)` : '');
  const place = typeof loss('marginOn') === 'string' ? ` on the ${words(String(loss('marginOn')))}` : '';
  const margin = typeof loss('marginRadians') === 'number' ? `, margin ${number(numeric(loss('marginRadians')))} rad${place}` : '';
  const temperature = typeof loss('temperature') === 'number' ? `, temperature ${number(numeric(loss('temperature')))}` : '';
  const robust = valueAt(config, ['loss', 'robust', 'name']);
  switch (loss('name')) {
    case 'crossEntropyMargin':
      return `cross entropy and angular margin, crossEntropyWeight${alpha(loss('crossEntropyWeight'))}${margin}${typeof robust === 'string' ? `, ${words(robust)}` : ''}`;
    case 'angularContrastive':
      return `angular contrastive, contrastiveWeight${alpha(loss('contrastiveWeight'))}${temperature}${margin}`;
    case 'ntXent':
      return `NT-Xent${temperature}`;
    default:
      return typeof loss('name') === 'string' ? `${words(String(loss('name')))}${otherKeysText(valueAt(config, ['loss']))}` : '';
  }
}

/** Keys of a loss as the config has them, those that are off left out: `, temperature 0.1, k1 5,000`. */
function otherKeysText(loss: unknown): string {
  return Object.entries(loss as Record<string, unknown>)
    .filter(([key, value]) => key !== 'name' && value !== null)
    .map(([key, value]) => {
      if (typeof value === 'number') return `, ${key} ${number(value)}`;
      return typeof value === 'object' ? `, ${words(key)} (${otherKeysText(value).slice(2)})` : `, ${key} ${words(String(value))}`;
    })
    .join('');
}

function memoryText({ log }: RunReport): string[] {
  return log.end?.peakMebibytes === undefined ? [] : [`${integer(log.end.peakMebibytes)} MiB at most`];
}

export function trainingText({ log }: RunReport): string {
  const start = log.starts.at(-1);
  const lastStep = log.steps.at(-1);
  if (lastStep === undefined) return 'no step yet';
  const seconds = log.epochs.reduce((sum, record) => sum + (record.seconds ?? 0), 0);
  const epochs = log.epochs.length;
  const ofEpochs = start?.numEpochs === undefined ? counted(epochs, 'epoch') : `${integer(epochs)} of ${counted(start.numEpochs, 'epoch')}`;
  const speeds = log.steps
    .map((record) => record.patchesPerSecond)
    .filter((value) => value !== null)
    .sort((a, b) => a - b);
  const reasons = { finished: 'finished', interrupted: 'interrupted', earlyStopping: 'stopped early', paused: 'paused' };
  return [
    ofEpochs,
    counted(lastStep.step, 'step'),
    seconds > 0 ? formatDuration(seconds) : '',
    speeds.length > 0 ? `${number(speeds[Math.floor(speeds.length / 2)], 3)} patches/s (median)` : '',
    log.end === undefined ? 'no end record' : reasons[log.end.reason],
    log.starts.length > 1 ? `resumed ${log.starts.length === 2 ? 'once' : `${log.starts.length - 1} times`}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

export function bestText(run: RunReport): string {
  const best = bestLook(run);
  if (best === undefined) return 'none yet';
  const accuracy = (value: unknown, name: string) =>
    run.hasLabels && typeof value === 'number' ? `, validation ${name} ${percent(value)}` : '';
  const { key } = selectionOf(run);
  return [
    `epoch ${integer(best.epoch)}, step ${integer(best.step)}`,
    key === 'validationLoss' && typeof best.validationLoss === 'number' ? `, validation loss ${number(best.validationLoss)}` : '',
    key === 'effectiveRank' && typeof best.effectiveRank === 'number' ? `, effective rank ${number(best.effectiveRank)}` : '',
    key === 'alignmentPlusUniformity' && typeof best[key] === 'number' ? `, alignment + uniformity ${number(best[key])}` : '',
    accuracy(best.knnClipMacroAccuracy, 'kNN macro accuracy'),
    accuracy(best.clipMacroAccuracy, 'macro accuracy'),
  ].join('');
}

export function resultText(run: RunReport): string {
  const main = mainEvaluation(run);
  if (main === undefined) return run.hasLabels ? 'not evaluated yet' : 'no labels, so no accuracy';
  const { record } = main;
  const one = (value: number, interval: readonly [number, number] | null) =>
    `${percent(value)}${interval === null ? '' : ` [${percentInterval(interval)}]`}`;
  return `${describe(main)}: micro ${one(record.clipMicroAccuracy, record.clipMicroAccuracyInterval)}, macro ${one(record.clipMacroAccuracy, record.clipMacroAccuracyInterval)} of ${counted(record.numClips, 'clip')}`;
}

function splitNumbers(run: RunReport): Record<string, number> | undefined {
  const numClips = run.log.starts.at(-1)?.numClips;
  return numClips && { train: numClips.train, validation: numClips.validation, test: numClips.test };
}

function words(camelCase: string): string {
  return camelCase.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function numeric(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
