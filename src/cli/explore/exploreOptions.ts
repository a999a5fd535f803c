import type { BackendOptions } from '../../backend/setBackend.js';
import type { Split } from '../../data/clip.js';
import type { DatasetFormat } from '../../data/loadDataset.js';

/** What `audiossl explore` takes on its command line. */
export interface ExploreOptions extends Partial<BackendOptions> {
  embeddings?: string;
  out: string;
  data?: string;
  format: DatasetFormat;
  features?: string;
  split?: Split | 'all';
  checkpoint?: string;
  table: string[];
  map: 'pca' | 'umap';
  clusters: number;
  sounds: 'copy' | 'link' | 'none';
  seed: number;
  json?: boolean;
}
