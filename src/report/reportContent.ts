import type { RunReport } from './collectRun.js';
import type { ComparisonReport } from './comparisonReport.js';

/** All that a report says, whatever its form. */
export interface ReportContent {
  runs: readonly RunReport[];
  /** Of several runs with labels. */
  comparison: ComparisonReport | undefined;
  /** ISO 8601, when the report was written. */
  time: string;
  /** Of audiossl. */
  version: string;
}
