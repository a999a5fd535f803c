import { join } from 'node:path';

/** The paths of a sweep's folder. Making this object touches no disk. */
export interface SweepFolder {
  dir: string;
  /** sweep.yaml: every run with its keys and evaluations, see sweepPlan.ts. */
  plan: string;
  /** configs/NAME.yaml: the resolved config of each run. */
  config(run: string): string;
  /** logs/NAME.txt: what the commands of a run said. */
  log(run: string): string;
  /** The run folder. */
  run(run: string): string;
  lock: string;
  /** search.json: what a search has judged, see runHalving.ts. */
  search: string;
  tableCsv: string;
  tableMarkdown: string;
}

export function sweepFolder(dir: string): SweepFolder {
  return {
    dir,
    plan: join(dir, 'sweep.yaml'),
    config: (run) => join(dir, 'configs', `${run}.yaml`),
    log: (run) => join(dir, 'logs', `${run}.txt`),
    run: (run) => join(dir, run),
    lock: join(dir, 'lock'),
    search: join(dir, 'search.json'),
    tableCsv: join(dir, 'table.csv'),
    tableMarkdown: join(dir, 'table.md'),
  };
}
