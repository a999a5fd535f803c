import { chanceCalibrationError } from '../chanceCalibrationError.js';
import type { RunReport } from '../collectRun.js';
import { counted, number, percent, percentInterval } from '../format.js';
import { type Child, h } from '../markup.js';
import { mainEvaluation } from '../resultRows.js';
import { reliabilityDiagram } from '../svg/reliabilityDiagram.js';
import { table } from './parts.js';
import { describe } from './results.js';

type Evaluation = RunReport['evaluations'][number];

/** How far the probabilities can be believed; undefined where no evaluation has them. */
export function calibrationSection(run: RunReport): Child {
  const evaluations = run.evaluations.filter(({ record }) => record.calibration !== null);
  const main = mainEvaluation(run);
  const shown = evaluations.find((evaluation) => evaluation === main) ?? evaluations[0];
  if (shown === undefined) return undefined;
  return [
    h('p', { class: 'finding' }, calibrationFinding(shown)),
    h(
      'p',
      {},
      'Clips are sorted into bins by the probability of the class that was predicted. Bars show the share of a bin’s clips that are right, marks stand at its mean probability, the dashed line is where both are equal; the strip underneath counts clips.',
    ),
    h(
      'figure',
      {},
      h('figcaption', {}, `Reliability, ${describe(shown)}`),
      reliabilityDiagram({ title: `Reliability, ${describe(shown)}`, bins: shown.record.calibration?.bins ?? [] }),
    ),
    table({
      caption: 'Calibration of every evaluation; lower is better in each column',
      columns: [
        { head: 'Evaluation' },
        { head: 'Expected calibration error', isNumber: true },
        { head: 'Maximum', isNumber: true, isWide: true },
        { head: 'Brier score', isNumber: true },
        { head: 'Negative log likelihood (nats)', isNumber: true, isWide: true },
      ],
      rows: evaluations.map((evaluation) => {
        const calibration = evaluation.record.calibration;
        return {
          cells: [
            describe(evaluation),
            percent(calibration?.expectedCalibrationError),
            percent(calibration?.maximumCalibrationError),
            number(calibration?.brierScore, 3),
            number(calibration?.negativeLogLikelihood, 3),
          ],
        };
      }),
    }),
  ];
}

/** Mean confidence against accuracy, in one sentence. */
function calibrationFinding({ record }: Evaluation): string {
  const bins = record.calibration?.bins ?? [];
  const numClips = bins.reduce((sum, bin) => sum + bin.numClips, 0);
  const confidence = bins.reduce((sum, bin) => sum + bin.numClips * (bin.meanConfidence ?? 0), 0) / Math.max(1, numClips);
  const gap = confidence - record.clipMicroAccuracy;
  const [low, high] = record.clipMicroAccuracyInterval ?? [record.clipMicroAccuracy, record.clipMicroAccuracy];
  const isWithin = confidence >= low && confidence <= high;
  const verdict = isWithin
    ? 'that is within what chance does to so many clips, so neither too sure nor too cautious can be said'
    : gap > 0
      ? 'it is too sure of itself'
      : 'it is less sure than it could be';
  const interval = record.clipMicroAccuracyInterval === null ? '' : ` (95 % interval ${percentInterval([low, high])})`;
  const error = record.calibration?.expectedCalibrationError;
  const byChance = chanceCalibrationError(bins);
  return [
    `On ${counted(numClips, 'clip')} the predicted class has a mean probability of ${percent(confidence)} and is right for ${percent(record.clipMicroAccuracy)}${interval}: ${verdict}.`,
    `The expected calibration error is ${percent(error)}; probabilities that are right to the last digit would show ${percent(byChance)} on average with ${numClips < 500 ? 'so few clips' : 'as many clips'}.`,
  ].join(' ');
}
