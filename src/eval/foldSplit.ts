import type { Split } from '../data/clip.js';
import { dataOptions } from '../data/dataOptions.js';
import { foldNames, foldRoles } from '../data/foldRoles.js';
import { resolveSplit } from '../data/resolveSplit.js';
import type { StoredClip } from '../data/storeFiles.js';
import { UsageError } from '../util/errors.js';
import type { EvaluationSplit } from './evaluationClips.js';

/**
 * The split of a k-fold evaluation in which `fold` is tested: the next fold (after the last, the first) validates, the others train.
 * A recording with clips in several folds stays in the most guarded one. Throws UsageError for an unknown fold or under three folds.
 */
export function foldSplit(clips: readonly StoredClip[], fold: string): EvaluationSplit {
  const folds = foldNames(clips);
  if (folds.length < 3) {
    throw new UsageError(
      `evaluate: --folds needs clips in at least 3 folds (test, validation, training), got ${folds.length === 0 ? 'data without folds' : `the folds ${folds.join(', ')}`}; give the data a fold column, or leave out --folds`,
    );
  }
  if (!folds.includes(fold)) throw new UsageError(`evaluate: --folds must name folds of the data, got ${fold}; it has ${folds.join(', ')}`);
  const options = dataOptions.parse({ protocol: 'generic', ...foldRoles(fold, folds, 'evaluate') });
  const { splitOf, sha256, notes } = resolveSplit(clips, options, 0);
  const isNews = (note: string) => !note.startsWith('protocol ') && !note.includes('than their split column says');
  return { splitOf: new Map<string, Split>(splitOf), sha256, notes: notes.filter(isNews) };
}
