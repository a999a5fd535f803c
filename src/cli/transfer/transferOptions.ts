import type { BackendOptions } from '../../backend/setBackend.js';
import type { DataOptions } from '../../data/dataOptions.js';

export interface TransferOptions extends Partial<BackendOptions> {
  model: string[];
  data: string[];
  out: string;
  checkpoint: string;
  format: DataOptions['format'];
  folds: number;
  shots: number[];
  draws: number;
  randomSeeds: number;
  seed: number;
}
