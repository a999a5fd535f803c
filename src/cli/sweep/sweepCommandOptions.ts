import type { BackendOptions } from '../../backend/setBackend.js';

/** What `audiossl sweep` takes on its command line. */
export interface SweepCommandOptions extends Partial<BackendOptions> {
  data?: string;
  features?: string;
  out: string;
  /** Folder of a sweep that tried settings of the same variants. */
  settings?: string;
  /** Of a sweep with transfer: NAME=DIR, where it trains. */
  from: string[];
  /** Folders where it judges. */
  to: string[];
  jobs: number;
  dryRun?: boolean;
  prepare?: boolean;
  /** true: the number is that of the task of Slurm's job array. */
  task?: number | true;
  table?: boolean;
}
