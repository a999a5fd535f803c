import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../util/errors.js';
import { pathExists } from './runFolder.js';

/** What a sweep keeps beside its run folders: `SWEEP/*` names these as well. */
const besideRuns = new Set(['sweep.yaml', 'configs', 'logs', 'features', 'lock', 'table.csv', 'table.md', 'report']);

/**
 * The run folders that paths name. The folder of a sweep (it has sweep.yaml) stands for its runs; what a sweep keeps beside them is left out and listed.
 * `sweep` is that folder, where all runs are of one. Other paths are given back as they are, for openRun to refuse. Throws UsageError for a sweep without runs.
 */
export async function findRuns(paths: readonly string[]): Promise<{ runDirs: string[]; sweep: string | undefined; leftOut: string[] }> {
  const runDirs: string[] = [];
  const leftOut: string[] = [];
  const sweeps = new Set<string | undefined>();
  for (const path of new Set(paths)) {
    if (await pathExists(join(path, 'sweep.yaml'))) {
      const own = await runsIn(path);
      if (own.length === 0) throw new UsageError(`report: the sweep ${path} has no run yet; audiossl sweep goes on with it`);
      runDirs.push(...own);
      sweeps.add(resolve(path));
    } else if (
      besideRuns.has(basename(path)) &&
      (await pathExists(join(dirname(path), 'sweep.yaml'))) &&
      !(await pathExists(join(path, 'config.yaml')))
    ) {
      leftOut.push(path);
    } else {
      runDirs.push(path);
      sweeps.add((await pathExists(join(dirname(resolve(path)), 'sweep.yaml'))) ? dirname(resolve(path)) : undefined);
    }
  }
  if (runDirs.length === 0) throw new UsageError(`report: at least one path must be a run folder, got ${paths.join(', ')}`);
  const distinct = [...new Set(runDirs)];
  return { runDirs: distinct, sweep: sweeps.size === 1 && distinct.length > 1 ? [...sweeps][0] : undefined, leftOut };
}

async function runsIn(sweep: string): Promise<string[]> {
  const names = (await readdir(sweep)).sort();
  const isRun = await Promise.all(names.map((name) => pathExists(join(sweep, name, 'config.yaml'))));
  return names.filter((name, i) => isRun[i] && !besideRuns.has(name)).map((name) => join(sweep, name));
}
