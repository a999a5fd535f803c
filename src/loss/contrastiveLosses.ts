import { infoNce } from './infoNceLoss.js';
import { ntXentOfPairs } from './ntXentLoss.js';
import { supCon } from './supConLoss.js';
import { tcl } from './tclLoss.js';

/** Every loss that compares pairs, by `loss.name`. A loss that stands here is known to configs and to all frameworks. */
export const contrastiveLosses = {
  ntXent: ntXentOfPairs,
  infoNce,
  supCon,
  tcl,
} as const;
