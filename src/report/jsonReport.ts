import type { RunReport } from './collectRun.js';
import { type ComparisonJson, comparisonJson } from './comparisonJson.js';
import type { ReportContent } from './reportContent.js';
import { type ResultRow, resultRows } from './resultRows.js';

/** report.json: everything that the page shows, for programs. Views' pixels and single steps stay in views.json and log.jsonl. */
export interface ReportJson {
  schemaVersion: 1;
  time: string;
  version: string;
  results: ResultRow[];
  /** Of several runs with labels; the predictions themselves stay in the run folders. */
  comparison: ComparisonJson | null;
  runs: (Omit<RunReport, 'log' | 'views' | 'configText'> & {
    start: RunReport['log']['starts'][number] | null;
    end: RunReport['log']['end'] | null;
    epochs: RunReport['log']['epochs'];
    monitors: Record<string, unknown>[];
  })[];
}

export function jsonReport({ runs, comparison, time, version }: ReportContent): string {
  const report: ReportJson = {
    schemaVersion: 1,
    time,
    version,
    results: resultRows(runs),
    comparison: comparison === undefined ? null : comparisonJson(comparison),
    runs: runs.map(({ log, views: _views, configText: _text, ...rest }) => ({
      ...rest,
      start: log.starts.at(-1) ?? null,
      end: log.end ?? null,
      epochs: log.epochs,
      monitors: log.monitors.map((record) =>
        rest.hasLabels ? record : Object.fromEntries(Object.entries(record).filter(([key]) => !/Accuracy$/.test(key))),
      ),
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
