import type { RunReport } from '../collectRun.js';
import type { ComparisonReport } from '../comparisonReport.js';
import { configDifferences } from '../configDifferences.js';
import { counted } from '../format.js';
import { type Child, h } from '../markup.js';
import { classBarsSection } from './comparison/classBarsSection.js';
import { pairsSection } from './comparison/pairsSection.js';
import { paperTablesSection } from './comparison/paperTablesSection.js';
import { systemCurvesSection } from './comparison/systemCurvesSection.js';
import { systemMapsSection } from './comparison/systemMapsSection.js';
import { systemsSection } from './comparison/systemsSection.js';
import { testUseSection } from './comparison/testUseSection.js';
import { verdictsSection } from './comparison/verdictsSection.js';
import type { Section } from './pageFrame.js';
import { breakable, details, empty, table } from './parts.js';
import { differencesSection } from './provenance.js';
import { resultsSection } from './results.js';
import { runsTrainingSection } from './runsTrainingSection.js';

/** Up to this many runs, each is shown in full under the comparison. */
export const mostRunsInFull = 6;

/** The part of a page about several runs that stands before the single runs. */
export function comparisonSections(runs: readonly RunReport[], comparison: ComparisonReport | undefined): Section[] {
  const every = { id: 'results', title: 'Every evaluation', content: everyEvaluation(runs) };
  if (comparison === undefined) {
    return [
      { ...every, title: 'Results', content: resultsSection(runs) },
      { id: 'training', title: 'Training', content: runsTrainingSection(runs) },
      { id: 'differences', title: 'What differs between the runs', content: differencesSection(runs) },
    ];
  }
  return [
    { id: 'systems', title: 'Systems', content: systemsSection(comparison) },
    { id: 'pairs', title: 'Differences', content: pairsSection(comparison) },
    ...optionalSection(
      'sweep-claims',
      'Claims of the sweep',
      comparison.sweepClaims && verdictsSection(comparison.sweepClaims, 'the sweep’s'),
    ),
    ...optionalSection('on-validation', 'On the validation clips', validationSection(comparison)),
    ...optionalSection('classes', 'Class by class', classBarsSection(comparison)),
    { id: 'training', title: 'Training', content: runsTrainingSection(runs) },
    ...optionalSection('alpha', 'Accuracy against alpha', systemCurvesSection(comparison.alphaCurves)),
    ...optionalSection(
      'temperature',
      'Accuracy, uniformity and tolerance against temperature',
      systemCurvesSection(comparison.temperatureCurves),
    ),
    ...optionalSection('batch-size', 'Accuracy against batch size', systemCurvesSection(comparison.batchSizeCurves)),
    ...optionalSection('maps', 'Maps, a method, a loss and a batch size', systemMapsSection(comparison)),
    { id: 'test', title: 'Selection and use of the test set', content: testUseSection(runs) },
    {
      id: 'differences',
      title: 'What differs between the systems',
      content: [systemDifferences(comparison), runs.length <= mostRunsInFull && [h('h3', {}, 'Run by run'), differencesSection(runs)]],
    },
    ...optionalSection('warnings', 'Warnings', warnings(runs)),
    every,
    // The own systems stand first; what a paper printed comes after them.
    ...optionalSection('tables', 'Tables of the paper', paperTablesSection(comparison)),
    ...optionalSection('claims', 'The paper’s claims', comparison.verdicts && verdictsSection(comparison.verdicts)),
  ];
}

/** Of runs of which only some were tested: all of them, where they can be compared. */
function validationSection({ onValidation }: ComparisonReport): Child {
  if (onValidation === undefined) return undefined;
  if ('refused' in onValidation)
    return empty(`Not every run was tested, and on validation clips they cannot be compared: ${onValidation.refused}.`);
  return [
    empty('Not every run was tested; here stand all that were evaluated on validation clips, on which their checkpoints were chosen.'),
    systemsSection(onValidation),
    h('h3', {}, 'Differences'),
    pairsSection(onValidation),
  ];
}

export function optionalSection(id: string, title: string, content: Child): Section[] {
  return content === undefined ? [] : [{ id, title, content }];
}

/** One row a system, one column a key: systems may be many, keys are few. */
function systemDifferences({ rows }: ComparisonReport): Child {
  const differences = configDifferences(rows.map(({ system }) => system.config));
  if (differences.length === 0) return empty('The configs of these systems are equal but for seeds and folds.');
  return [
    h(
      'p',
      { class: 'finding' },
      `The systems differ in ${counted(differences.length, 'config key')}; seeds and folds, which differ within a system, are not counted.`,
    ),
    table({
      caption: 'Config keys in which the systems differ',
      columns: [{ head: 'System' }, ...differences.map(({ key }) => ({ head: h('code', {}, breakable(key)) }))],
      rows: rows.map(({ system }, i) => ({ cells: [system.name, ...differences.map(({ values }) => h('code', {}, values[i]))] })),
    }),
  ];
}

function everyEvaluation(runs: readonly RunReport[]): Child {
  const count = runs.reduce((sum, { evaluations }) => sum + evaluations.length, 0);
  return [
    h(
      'p',
      {},
      `${counted(count, 'evaluation')} of ${counted(runs.length, 'run')}, one by one; a single fold or seed says less than the systems above.`,
    ),
    details('Show the table', resultsSection(runs)),
    runs.length > mostRunsInFull && empty('With so many runs none is shown in full: ', h('code', {}, 'audiossl report RUN'), ' shows one.'),
  ];
}

function warnings(runs: readonly RunReport[]): Child {
  const all = runs.flatMap(({ name, warnings: own }) => own.map((text) => `${name}: ${text}`));
  return all.length === 0
    ? undefined
    : h(
        'ul',
        { class: 'warnings' },
        all.map((text) => h('li', {}, text)),
      );
}
