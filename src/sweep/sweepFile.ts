import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { explainIssue } from '../config/explainIssue.js';
import { readYaml } from '../config/readYaml.js';
import { protocolNames } from '../eval/protocolNames.js';
import { checkpointNames } from '../util/checkpointNames.js';
import { errorText, UsageError } from '../util/errors.js';
import { canonicalJson } from '../util/hash.js';
import type { ChosenSettings } from './chosenSettings.js';
import { searchOptions } from './searchSpace.js';
import { sweepClaim } from './sweepClaim.js';

const fold = z.union([z.string(), z.number().int()]).transform(String);
const values = z.record(z.string(), z.json());
const seeds = z.array(z.int().min(0)).min(1);
const grid = z.record(z.string(), z.array(z.json()).min(1)).optional();

/** One `audiossl evaluate` of every run. */
export const sweepEvaluation = z.strictObject({
  protocol: z.enum(protocolNames).describe('as audiossl evaluate --protocol'),
  split: z.enum(['validation', 'test']).describe('select on validation, look at test once'),
  checkpoint: z.enum(checkpointNames).default('best'),
  labelFraction: z.number().gt(0).lte(1).optional().describe('share of the training labels that the protocol may use'),
  shots: z.int().min(1).optional().describe('labelled training clips a class that the protocol may use'),
  trainOn: z.enum(['noisy', 'clean']).optional().describe("FSDnoisy18k: as audiossl evaluate --train-on; absent: the run's own split"),
});
export type SweepEvaluation = z.infer<typeof sweepEvaluation>;

/** What is evaluated beside the runs: the encoder as it is before training, and statistics of the log-mel without a network. */
export const baselineNames = ['randomWeights', 'logMel'] as const;
export type BaselineName = (typeof baselineNames)[number];

/** Runs on several data sets, judged on data that they never saw: see `audiossl transfer`. */
export const sweepTransfer = z.strictObject({
  from: z
    .array(z.strictObject({ name: z.string().regex(/^[A-Za-z][\w.]*$/, 'letters, digits, "_" and "." only'), set: values.default({}) }))
    .min(1)
    .describe('data sets to train on, one sweep each, with keys that differ there; --from NAME=DIR says where they are'),
  checkpoint: z.enum(checkpointNames).default('last'),
  folds: z.int().min(2).default(5).describe('where the data judged on have no fold column'),
  shots: z.array(z.int().min(1)).default([1, 5, 10]).describe('clips a class of the few-label protocols; []: none'),
  draws: z.int().min(1).default(6).describe('of those clips'),
  randomSeeds: z.int().min(1).default(3).describe('of the network with random weights, held against'),
});
export type SweepTransfer = z.infer<typeof sweepTransfer>;

/** A sweep: experiments as a file. `set`, `grid` and `variants` take any config key, written with dots: `loss.contrastiveWeight`. */
export const sweepSchema = z
  .strictObject({
    command: z.enum(['pretrain', 'train']).default('pretrain').describe('what trains the runs'),
    base: z.string().optional().describe('config file of every run, relative to this file; absent: the defaults'),
    set: values.default({}).describe('keys that differ from the base in every run'),
    grid: grid.describe('keys with a list of values each: every combination is a system'),
    variants: z
      .array(
        z.strictObject({
          name: z.string().regex(/^[A-Za-z][\w.]*$/, 'letters, digits, "_" and "." only'),
          set: values.default({}),
          grid: grid.describe('of this variant alone; the table says which of its settings is the best on validation, for --settings'),
          seeds: seeds.optional().describe('of this variant alone, instead of those of all: more for the few that a comparison hangs on'),
        }),
      )
      .min(1)
      .optional()
      .describe('named combinations of keys; with a grid, each of them goes through the whole grid'),
    search: searchOptions.optional(),
    transfer: sweepTransfer.optional(),
    seeds: seeds.default([0]),
    folds: z
      .array(fold)
      .min(1)
      .optional()
      .describe("a run a test fold; it validates on the next of the data's folds and trains on the rest; absent: the split of the config"),
    evaluate: z
      .array(sweepEvaluation)
      .min(1)
      .optional()
      .transform((given): SweepEvaluation[] => given ?? [{ protocol: 'linear', split: 'validation', checkpoint: 'best' }]),
    baselines: z.array(z.enum(baselineNames)).default([]).describe('evaluated beside the runs, once a fold and seed'),
    claims: z.array(sweepClaim).default([]).describe('that one system is better than another; the table and the report judge them'),
  })
  .describe('sweep of audiossl');
export type Sweep = z.infer<typeof sweepSchema>;

export interface SweepFile {
  file: string;
  sweep: Sweep;
  /** Path of the base config, or undefined. */
  base: string | undefined;
  /** What another sweep chose for its variants (`--settings`), which have no grid of their own then. */
  settings?: ChosenSettings;
  /** `file:line:column` of a key, for messages. */
  placeOf(path: readonly (string | number)[]): string;
}

/** Reads a sweep file. Throws UsageError in one line with file and line for what is wrong in it. */
export function readSweepFile(file: string): SweepFile {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: cannot read the sweep (${errorText(error)})`, { cause: error });
  }
  const { value, locate } = readYaml(content, file);
  const placeOf: SweepFile['placeOf'] = (path) => `${file}:${locate(path)}`;
  const given = value ?? {};
  if (typeof given !== 'object' || Array.isArray(given))
    throw new UsageError(`${file}:1:1: expected keys with values, such as "seeds: [0, 1, 2]", got ${JSON.stringify(given)}`);
  const parsed = sweepSchema.safeParse(given, { reportInput: true });
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => explainIssue(sweepSchema, given, issue));
    const [{ path, message }] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    throw new UsageError(`${placeOf(path)}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}${more}`);
  }
  const sweep = withoutNeedlessEvaluation(parsed.data, given);
  checkEvaluations(sweep, placeOf);
  checkSearch(sweep, placeOf);
  checkTransfer(sweep, placeOf);
  checkVariantGrids(sweep, placeOf);
  if (sweep.grid !== undefined && Object.keys(sweep.grid).length === 0)
    throw new UsageError(`${placeOf(['grid'])}: grid: must name at least one key with its values; leave grid out for a single system`);
  const base = sweep.base === undefined ? undefined : resolve(dirname(file), sweep.base);
  if (base !== undefined && !existsSync(base)) throw new UsageError(`${placeOf(['base'])}: base: ${base} does not exist`);
  return { file, sweep, base, placeOf };
}

/** A search by a score that needs no labels, and runs that are judged on other data, evaluate nothing unless they are told to. */
function withoutNeedlessEvaluation(sweep: Sweep, given: object): Sweep {
  const isNeeded = sweep.search === undefined ? sweep.transfer === undefined : sweep.search.by === 'accuracy';
  return isNeeded || 'evaluate' in given ? sweep : { ...sweep, evaluate: [] };
}

/** A search draws its settings itself, trains each once, and must not look at the test split. */
function checkSearch(sweep: Sweep, placeOf: SweepFile['placeOf']): void {
  const { search, seeds, folds, evaluate, baselines } = sweep;
  if (search === undefined) return;
  const refuse = (key: string, what: string): never => {
    throw new UsageError(`${placeOf([key])}: ${key}: ${what}`);
  };
  if (Object.keys(search.space).length === 0) refuse('search', 'space must name at least one config key to draw');
  for (const key of ['grid', 'variants'] as const)
    if (sweep[key] !== undefined) refuse(key, 'a search draws its settings, so it takes no grid or variants; leave it out');
  if (seeds.length > 1)
    refuse(
      'seeds',
      `a search trains each draw with one seed, got ${seeds.length}; try the best ones with more seeds in a sweep of their own`,
    );
  if ((folds?.length ?? 0) > 1) refuse('folds', `a search takes one fold at most, got ${folds?.length}`);
  if (baselines.length > 0) refuse('baselines', 'a search has no baselines; leave them out');
  if (evaluate.some(({ split }) => split === 'test'))
    refuse('evaluate', 'a search selects, so it must evaluate on validation, never on test');
  const lengths = ['train.epochs'].filter((key) => key in sweep.set || key in search.space);
  if (lengths.length > 0) refuse('search', 'train.epochs is the last of search.epochs; leave it out of set and space');
}

/** A key has one place where its values come from. */
function checkVariantGrids({ variants = [], grid: common = {} }: Sweep, placeOf: SweepFile['placeOf']): void {
  for (const [v, { name, grid: own }] of variants.entries()) {
    if (own === undefined) continue;
    if (Object.keys(own).length === 0)
      throw new UsageError(
        `${placeOf(['variants', v, 'grid'])}: grid of ${name}: must name at least one key with its values; leave it out`,
      );
    const twice = Object.keys(own).find((key) => key in common);
    if (twice !== undefined)
      throw new UsageError(`${placeOf(['variants', v, 'grid', twice])}: ${twice}: the grid of all variants names it too; leave one out`);
  }
}

/** The sets differ in their folds, and transfer has baselines of its own. */
function checkTransfer({ transfer, search, folds, baselines }: Sweep, placeOf: SweepFile['placeOf']): void {
  if (transfer === undefined) return;
  const refuse = (key: string, what: string): never => {
    throw new UsageError(`${placeOf([key])}: ${key}: ${what}`);
  };
  if (search !== undefined) refuse('search', 'a search judges on validation, transfer on other data; make two sweeps of them');
  if (folds !== undefined) refuse('folds', 'the data sets of transfer.from have folds of their own; name them in set, as data.testFold');
  if (baselines.length > 0) refuse('baselines', 'transfer has random weights and log-mel statistics beside it; leave them out');
  for (const [i, { name }] of transfer.from.entries()) {
    const isTwice = transfer.from.slice(0, i).some((other) => other.name.toLowerCase() === name.toLowerCase());
    if (isTwice || name.toLowerCase() === 'transfer')
      throw new UsageError(
        `${placeOf(['transfer', 'from', i])}: transfer.from.${i}: each needs a name of its own, not transfer, got ${name}`,
      );
  }
}

/** What `audiossl evaluate` would refuse after the training, and evaluations that are one. */
function checkEvaluations({ command, evaluate }: Sweep, placeOf: SweepFile['placeOf']): void {
  const before = new Set<string>();
  for (const [i, evaluation] of evaluate.entries()) {
    const { protocol, labelFraction, shots, trainOn } = evaluation;
    const refuse = (what: string): never => {
      throw new UsageError(`${placeOf(['evaluate', i])}: evaluate.${i}: ${what}`);
    };
    if (labelFraction !== undefined && shots !== undefined)
      refuse('labelFraction and shots are two limits of the labels; make two evaluations of them');
    if (protocol === 'classifier' && command === 'pretrain')
      refuse('the protocol classifier needs runs with a classifier of their own; set command: train, or take linear or knn');
    if (protocol === 'classifier' && (labelFraction ?? shots ?? trainOn) !== undefined)
      refuse('the protocol classifier learns nothing, so it takes no labelFraction, shots or trainOn; take linear or finetune');
    const key = canonicalJson({ ...evaluation, labelFraction: labelFraction === 1 ? undefined : labelFraction });
    if (before.has(key)) refuse('is the same as one before it (labelFraction 1 = all labels); leave one of them out');
    before.add(key);
  }
}
