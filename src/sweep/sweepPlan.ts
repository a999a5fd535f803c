import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../config/loadConfig.js';
import { readYaml } from '../config/readYaml.js';
import { configDifferences } from '../report/configDifferences.js';
import { toYaml } from '../run/configText.js';
import { readTextIfThere } from '../run/readTextIfThere.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { canonicalJson } from '../util/hash.js';
import { makeFolder } from '../util/makeFolder.js';
import { type ChosenSettings, chosenSettings } from './chosenSettings.js';
import type { PlannedRun, SweepRun } from './expandSweep.js';
import { type SearchOptions, searchOptions } from './searchSpace.js';
import { type SweepClaim, sweepClaim } from './sweepClaim.js';
import { checkEngine, type SweepEngine, sweepEngine } from './sweepEngine.js';
import { baselineNames, sweepEvaluation } from './sweepFile.js';
import type { SweepFolder } from './sweepFolder.js';

const planSchema = z.object({
  schemaVersion: z.literal(1),
  source: z.string(),
  search: searchOptions.optional(),
  claims: z.array(sweepClaim).default([]),
  settings: chosenSettings.optional().describe('absent where every variant has its own'),
  engine: sweepEngine.optional().describe('absent in a plan of an earlier version: taken from the next start on'),
  runs: z.array(
    z.object({
      name: z.string(),
      system: z.string(),
      command: z.enum(['pretrain', 'train']),
      baseline: z.enum(baselineNames).optional(),
      variant: z.string().optional(),
      keys: z.record(z.string(), z.json()),
      seed: z.int(),
      fold: z.string().optional(),
      evaluations: z.array(sweepEvaluation),
    }),
  ),
});

/** What a sweep computes, from what, on what. */
export interface SweepPlan {
  /** Data folder or feature store, an absolute path. */
  source: string;
  engine: SweepEngine;
  /** Of a search: how its runs are judged. */
  search?: SearchOptions | undefined;
  /** What another sweep chose for its variants, already in the runs' configs. */
  settings?: ChosenSettings | undefined;
  /** What its tables judge. They may change from start to start: nothing is computed for them. */
  claims?: readonly SweepClaim[];
  runs: readonly PlannedRun[];
}

/** sweep.yaml of a sweep's folder; undefined where there is none. */
export async function readPlan(
  folder: SweepFolder,
): Promise<
  | (Pick<SweepPlan, 'source' | 'search' | 'settings'> & { engine?: SweepEngine | undefined; claims: SweepClaim[]; runs: SweepRun[] })
  | undefined
> {
  const text = await readTextIfThere(folder.plan);
  if (text === undefined) return undefined;
  const parsed = planSchema.safeParse(readYaml(text, folder.plan).value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw new AudiosslError(`sweep: ${folder.plan}: ${path.join('.')}: ${message}; it is written by audiossl sweep, leave it as it is`);
  }
  return parsed.data;
}

/** Runs of a plan that was written, with the configs that lie beside it. */
export function withConfigs(folder: SweepFolder, runs: readonly SweepRun[]): PlannedRun[] {
  return runs.map((run) => ({ ...run, config: loadConfig({ file: folder.config(run.name), command: run.command }) }));
}

/**
 * Writes the plan of a new sweep, or checks it against the one that is there: runs and evaluations may be added, and the number of threads
 * may be another; nothing else may change. Returns what the user must know, a line each.
 */
export async function settlePlan(
  folder: SweepFolder,
  { source, engine, search, settings, claims = [], runs }: SweepPlan,
): Promise<string[]> {
  const notes = await checkPlan(folder, { source, engine, search, settings, runs });
  for (const { name, config } of runs) {
    const path = folder.config(name);
    if (existsSync(path)) continue;
    await makeFolder(dirname(path));
    await writeFileAtomic(path, toYaml(config));
  }
  const own = { ...(search && { search }), ...(settings && { settings }), ...(claims.length > 0 && { claims }) };
  const plan = { schemaVersion: 1, source, engine, ...own, runs: runs.map(({ config, ...run }) => run) };
  await writeFileAtomic(folder.plan, toYaml(plan));
  return notes;
}

/** As settlePlan, but touches nothing. Throws UsageError where the folder holds another sweep, or something else. */
export async function checkPlan(folder: SweepFolder, { source, engine, search, settings, runs }: SweepPlan): Promise<string[]> {
  if (existsSync(folder.dir) && !statSync(folder.dir).isDirectory())
    throw new UsageError(`sweep: --out must be a new folder or that of a sweep, ${folder.dir} is a file`);
  const before = await readPlan(folder);
  if (before === undefined) {
    const others = await filesIn(folder.dir);
    if (others.length > 0)
      throw new UsageError(`sweep: --out must be a new folder or that of a sweep, ${folder.dir} has other files (${others[0]})`);
    return [];
  }
  const refuse = (what: string): never => {
    throw new UsageError(`sweep: ${folder.dir} holds another sweep: ${what}; runs may only be added, take another --out for other ones`);
  };
  if (canonicalJson(howJudged(before.search)) !== canonicalJson(howJudged(search)))
    refuse('its search is another one; only its draws may become more');
  if (before.source !== source) refuse(`its data are ${before.source}, now ${source}`);
  if (before.settings !== undefined && settings === undefined) refuse(`it was begun with --settings ${before.settings.from}`);
  const now = new Map(runs.map((run) => [run.name, run]));
  for (const old of before.runs) {
    const run = now.get(old.name) ?? refuse(`its run ${old.name} is not in the sweep file any more`);
    if (run.command !== old.command) refuse(`its run ${old.name} was made by ${old.command}, now ${run.command}`);
    const lost = old.evaluations.find((evaluation) => !run.evaluations.some((other) => canonicalJson(other) === canonicalJson(evaluation)));
    if (lost !== undefined) refuse(`its evaluation ${canonicalJson(lost)} is not in the sweep file any more`);
    if (!existsSync(folder.config(old.name))) continue;
    // Read anew, so that keys which came with a later version have their defaults on both sides.
    const config = loadConfig({ file: folder.config(old.name), command: old.command });
    const [difference] = configDifferences([config, run.config]);
    if (difference !== undefined)
      refuse(`in its run ${old.name} ${difference.key} was ${difference.values[0]}, now ${difference.values[1]}`);
  }
  return before.engine === undefined ? [] : checkEngine(folder.dir, { before: before.engine, now: engine });
}

/** A search without the number of its draws. */
function howJudged(search: SearchOptions | undefined): unknown {
  if (search === undefined) return null;
  const { draws: _, ...rest } = search;
  return rest;
}

async function filesIn(dir: string): Promise<string[]> {
  if (!existsSync(dir)) return [];
  // What a sweep makes before its plan stands: it was stopped there.
  return (await readdir(dir)).filter((name) => !['features', 'configs', 'lock'].includes(name) && !name.startsWith('.'));
}
