import type { RunReport } from './collectRun.js';
import { differenceText } from './differenceText.js';
import { describe } from './html/results.js';
import { mainEvaluation } from './resultRows.js';
import { trainingHelped } from './trainingHelped.js';

const leads = {
  yes: 'Training helped',
  no: 'Training did not help',
  undecided: 'Whether training helped is undecided',
};

/** Whether training helped, by the run's main evaluation, or what would have to be done to know. */
export function helpedSentence(run: RunReport): string {
  const main = mainEvaluation(run);
  if (main === undefined) {
    const asksOther =
      run.transfers.length > 0 ? 'what other data say stands below' : 'audiossl transfer RUN --data DIR asks labelled recordings';
    return run.hasLabels
      ? 'Whether training helped is not known yet: audiossl evaluate RUN --protocol linear --baselines measures it.'
      : `Without labels these data do not say whether training helped; ${asksOther}.`;
  }
  const { record } = main;
  if (record.classNames.length === 1)
    return `Every clip is of the class ${record.classNames[0]}, so that any answer is right: accuracy does not say whether training helped.`;
  const helped = trainingHelped(record);
  if (helped === undefined)
    return 'Whether training helped is not known: no baseline was evaluated; audiossl evaluate with --baselines does so.';
  if (helped.against.every(({ difference }) => !difference))
    return `${leads.undecided}: too few recordings for an interval (${describe(main)}).`;
  const differences = helped.against.map(({ name, difference }) => `${differenceText(difference?.micro)} against ${name}`).join('; ');
  return `${leads[helped.answer]}: ${differences}, in points of micro accuracy, paired, with 95 % intervals (${describe(main)}).`;
}
