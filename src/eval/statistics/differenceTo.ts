import type { PairedDifference } from '../../run/evaluationRecord.js';
import { groupBy } from '../../util/groupBy.js';
import { FEWEST_GROUPS } from '../macroInterval.js';
import { type Difference, type PairedOptions, pairedDifferences } from './pairedBootstrap.js';

/** Fewer recordings in all give a bootstrap too little to draw from, however they are drawn. */
const FEWEST_RECORDINGS = 10;

/**
 * The difference of one system to another on the same clips, for a record. Recordings are drawn class by class where every class has five
 * or more, else from all classes together, which makes wider intervals: a class of few recordings hardly varies when drawn by itself.
 * Undefined from under ten recordings.
 */
export function differenceTo(options: PairedOptions): PairedDifference | undefined {
  const { labels, groups = Array.from(labels, (_, clip) => String(clip)) } = options;
  if (new Set(groups).size < FEWEST_RECORDINGS) return undefined;
  const classes = groupBy(Array.from(groups.keys()), (clip) => String(labels[clip]));
  const isEachEnough = [...classes.values()].every((clips) => new Set(clips.map((clip) => groups[clip])).size >= FEWEST_GROUPS);
  const strata = isEachEnough ? undefined : new Uint8Array(labels.length);
  const { micro, macro } = pairedDifferences({ ...options, ...(strata && { strata }) });
  return { micro: bounds(micro), macro: bounds(macro) };
}

const bounds = ({ estimate, low, high, pValue }: Difference) => ({ estimate, low, high, pValue });
