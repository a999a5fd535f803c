import type { RunReport } from '../collectRun.js';
import { dateTime } from '../format.js';
import { type Child, h } from '../markup.js';
import type { ReportContent } from '../reportContent.js';
import { calibrationSection } from './calibrationSection.js';
import { comparisonSections, mostRunsInFull, optionalSection, type Section } from './comparisonSections.js';
import { curvesSection } from './curvesSection.js';
import { featuresSection } from './featuresSection.js';
import { foldsSection } from './foldsSection.js';
import { labelsSection } from './labelsSection.js';
import { mapSection } from './mapSection.js';
import { configSection, environmentSection, testAccessSection } from './provenance.js';
import { classesSection, resultsSection } from './results.js';
import { style } from './style.js';
import { summarySection } from './summary.js';
import { viewsSection } from './viewsSection.js';

/** The whole report as one page that needs nothing but itself. */
export function reportPage({ runs, comparison, time, version }: ReportContent): string {
  const isSingle = runs.length === 1;
  const title = isSingle ? runs[0].name : `${runs.length} runs`;
  const shown = isSingle || runs.length <= mostRunsInFull ? runs : [];
  const parts = shown.map((run, i) => ({ run, sections: runSections(run, isSingle ? '' : `run${i + 1}-`) }));
  const sections = isSingle
    ? [parts[0].sections[0], { id: 'results', title: 'Results', content: resultsSection(runs) }, ...parts[0].sections.slice(1)]
    : comparisonSections(runs, comparison);
  const page = h(
    'html',
    { lang: 'en' },
    h(
      'head',
      {},
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      // Nothing from outside is ever loaded, whatever a label or a path says.
      h('meta', { 'http-equiv': 'Content-Security-Policy', content: "default-src 'none'; img-src data:; style-src 'unsafe-inline'" }),
      h('meta', { name: 'color-scheme', content: 'light dark' }),
      h('title', {}, `${title} – audiossl report`),
      style,
    ),
    h(
      'body',
      {},
      h(
        'header',
        {},
        h('p', { class: 'kind' }, 'audiossl report'),
        h('h1', {}, title),
        h('p', { class: 'when' }, `Written ${dateTime(time)} by audiossl ${version}`),
        h(
          'nav',
          { 'aria-label': 'Sections' },
          sections.map(({ id, title: name }) => h('a', { href: `#${id}` }, name)),
          !isSingle && parts.map(({ run }, i) => h('a', { href: `#run${i + 1}` }, run.name)),
        ),
      ),
      h(
        'main',
        {},
        sections.map((section) => sectionMarkup(section)),
        !isSingle &&
          parts.map(({ run, sections: own }, i) => [
            h('h2', { id: `run${i + 1}`, class: 'run-name' }, run.name),
            own.map((section) => sectionMarkup(section)),
          ]),
      ),
      h('footer', {}, h('div', {}, 'The numbers of this page are in report.json and report.csv beside it.')),
    ),
  );
  return `<!doctype html>\n${page.markup}\n`;
}

function sectionMarkup({ id, title, content }: Section): Child {
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, title), content);
}

function runSections(run: RunReport, prefix: string): Section[] {
  return [
    { id: `${prefix}summary`, title: 'Summary', content: summarySection(run) },
    ...optionalSection(`${prefix}classes`, 'Class by class', classesSection(run)),
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
}
