import type { RunReport } from './collectRun.js';
import type { ComparisonReport } from './comparisonReport.js';
import type { WrongClips } from './wrongClips.js';

/** All that a report says, whatever its form. */
export interface ReportContent {
  runs: readonly RunReport[];
  /** Of several runs with labels. */
  comparison: ComparisonReport | undefined;
  /** Of a single run. */
  wrong?: WrongClips;
  /** ISO 8601, when the report was written. */
  time: string;
  /** Of audiossl. */
  version: string;
}
