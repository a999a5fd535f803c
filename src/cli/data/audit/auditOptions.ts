import type { BackendOptions } from '../../../backend/setBackend.js';
import type { Split } from '../../../data/clip.js';
import type { DatasetFormat } from '../../../data/loadDataset.js';

/** What `audiossl data audit-labels` takes on its command line. */
export interface AuditOptions extends Partial<BackendOptions> {
  model?: string;
  data?: string;
  features?: string;
  out: string;
  split: Split | 'all';
  checkpoint?: string;
  format: DatasetFormat;
  top: number;
  seed: number;
  folds: number;
  neighbours: number;
  flip?: number;
  json?: boolean;
}
