import { infoNce } from './infoNceLoss.js';
import { nce } from './nceLoss.js';
import { nPairs } from './nPairsLoss.js';
import { ntXentOfPairs } from './ntXentLoss.js';
import { pairMargin } from './pairMarginLoss.js';
import { softmaxContrastive } from './softmaxContrastiveLoss.js';
import { supCon } from './supConLoss.js';
import { tcl } from './tclLoss.js';
import { tripletMargin } from './tripletMarginLoss.js';

/**
 * Every loss that compares pairs, by `loss.name`. A loss that stands here is known to configs and to all frameworks.
 *
 * @example
 * ```ts
 * import { contrastiveLosses } from 'audiossl';
 * Object.keys(contrastiveLosses).includes('ntXent'); // => true
 * ```
 */
export const contrastiveLosses = {
  ntXent: ntXentOfPairs,
  infoNce,
  supCon,
  tcl,
  pairMargin,
  tripletMargin,
  nPairs,
  softmaxContrastive,
  nce,
} as const;
