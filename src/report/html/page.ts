import type { RunReport } from '../collectRun.js';
import { h } from '../markup.js';
import type { ReportContent } from '../reportContent.js';
import { calibrationSection } from './calibrationSection.js';
import { clipCardPolicy, clipCardStyle } from './clipCards.js';
import { comparisonSections, mostRunsInFull, optionalSection } from './comparisonSections.js';
import { curvesSection } from './curvesSection.js';
import { featuresSection } from './featuresSection.js';
import { foldsSection } from './foldsSection.js';
import { labelsSection } from './labelsSection.js';
import { mapSection } from './mapSection.js';
import { pageFrame, type Section, sectionMarkup } from './pageFrame.js';
import { configSection, environmentSection, testAccessSection } from './provenance.js';
import { classesSection, resultsSection } from './results.js';
import { summarySection } from './summary.js';
import { trainingSection } from './trainingSection.js';
import { transferSection } from './transferSection.js';
import { viewsSection } from './viewsSection.js';
import { wrongSection } from './wrongSection.js';

/** The whole report as one page that needs nothing but itself. */
export function reportPage({ runs, comparison, wrong, time, version }: ReportContent): string {
  const isSingle = runs.length === 1;
  const title = isSingle ? runs[0].name : `${runs.length} runs`;
  const shown = isSingle || runs.length <= mostRunsInFull ? runs : [];
  const parts = shown.map((run, i) => ({ run, ...runSections(run, isSingle ? '' : `run${i + 1}-`, wrong) }));
  const sections = isSingle
    ? [...parts[0].first, { id: 'results', title: 'Results', content: resultsSection(runs) }, ...parts[0].more]
    : comparisonSections(runs, comparison);
  return pageFrame({
    title: `${title} – audiossl report`,
    kind: 'audiossl report',
    heading: title,
    time,
    version,
    // Recordings of wrong clips may be loaded from where they lie.
    contentSecurityPolicy: wrong && clipCardPolicy,
    extraStyle: wrong && clipCardStyle,
    links: isSingle ? sections : [...sections, ...parts.map(({ run }, i) => ({ id: `run${i + 1}`, title: run.name }))],
    main: [
      sections.map(sectionMarkup),
      !isSingle &&
        parts.map(({ run, first, more }, i) => [
          h('h2', { id: `run${i + 1}`, class: 'run-name' }, run.name),
          [...first, ...more].map(sectionMarkup),
        ]),
    ],
    footer: 'The numbers of this page are in report.json and report.csv beside it.',
  });
}

/** What a run's page says before and after the results. */
function runSections(run: RunReport, prefix: string, wrong: ReportContent['wrong']): { first: Section[]; more: Section[] } {
  const first = [
    { id: `${prefix}summary`, title: 'Summary', content: summarySection(run) },
    ...optionalSection(`${prefix}training`, 'Did training help?', trainingSection(run)),
  ];
  const more = [
    ...optionalSection(`${prefix}classes`, 'Class by class', classesSection(run)),
    ...optionalSection(`${prefix}wrong`, 'Wrong clips', wrong && wrongSection(wrong)),
    ...optionalSection(`${prefix}transfer`, 'Other data', transferSection(run.transfers)),
    ...optionalSection(`${prefix}labels`, 'Fewer labels', labelsSection(run)),
    ...optionalSection(`${prefix}folds`, 'Fold by fold', foldsSection(run)),
    ...optionalSection(`${prefix}calibration`, 'Calibration', calibrationSection(run)),
    { id: `${prefix}curves`, title: 'Curves', content: curvesSection(run) },
    ...(run.evaluations.length === 0 ? [] : [{ id: `${prefix}map`, title: 'Map of embeddings', content: mapSection(run) }]),
    ...optionalSection(`${prefix}features`, 'Spread of the embeddings', featuresSection(run)),
    { id: `${prefix}views`, title: 'Views', content: viewsSection(run) },
    { id: `${prefix}test`, title: 'Use of the test set', content: testAccessSection(run) },
    { id: `${prefix}config`, title: 'Config', content: configSection(run) },
    { id: `${prefix}environment`, title: 'Commands and environment', content: environmentSection(run) },
  ];
  return { first, more };
}
