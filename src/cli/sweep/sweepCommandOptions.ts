import type { BackendOptions } from '../../backend/setBackend.js';

/** What `audiossl sweep` takes on its command line. */
export interface SweepCommandOptions extends Partial<BackendOptions> {
  data?: string;
  features?: string;
  out: string;
  jobs: number;
  dryRun?: boolean;
  table?: boolean;
}
