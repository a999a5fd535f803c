import { configSchema, type ResolvedConfig } from '../config/configSchema.js';
import { loadConfig } from '../config/loadConfig.js';
import type { Override } from '../config/overrides.js';
import type { Clip } from '../data/clip.js';
import { foldNames, foldRoles } from '../data/foldRoles.js';
import { supervisedData } from '../data/supervisedData.js';
import { UsageError } from '../util/errors.js';
import { canonicalJson } from '../util/hash.js';
import { runName } from './runName.js';
import { checkClaims } from './sweepClaim.js';
import type { BaselineName, SweepEvaluation, SweepFile } from './sweepFile.js';
import { commonOverrides, type Point, sweepPoints } from './sweepPoints.js';

/** One run of a sweep: a training (or none, for a baseline) and its evaluations. */
export interface SweepRun {
  /** Name of its folder. */
  name: string;
  /** What its runs of other folds and seeds share: the varied keys in short. */
  system: string;
  command: 'pretrain' | 'train';
  baseline?: BaselineName;
  variant?: string;
  /** Values of the grid's keys. */
  keys: Record<string, unknown>;
  seed: number;
  fold?: string;
  evaluations: SweepEvaluation[];
}

export interface PlannedRun extends SweepRun {
  config: ResolvedConfig;
}

/** Parts of a config that an encoder without training depends on. */
const partsOf: Record<BaselineName, readonly (keyof ResolvedConfig)[]> = {
  randomWeights: ['data', 'frontEnd', 'encoder', 'evaluation'],
  logMel: ['data', 'frontEnd', 'evaluation'],
};
const protocolsOf: Record<BaselineName, readonly string[]> = {
  randomWeights: ['knn', 'linear', 'finetune'],
  logMel: ['knn', 'linear'],
};

/**
 * Every run of a sweep with its resolved config, in the order in which they start: seed by seed and fold by fold, so that a sweep that is
 * stopped half-way has compared all systems on the same ground. Throws UsageError, with file and line, for what does not fit.
 * @param clips of the data: their folds, and whether they say which labels were verified
 */
export function expandSweep(file: SweepFile, { clips }: { clips: readonly Pick<Clip, 'fold' | 'isVerified'>[] }): PlannedRun[] {
  const { sweep, placeOf } = file;
  const dataFolds = foldNames(clips);
  checkKeys(file);
  const points = sweepPoints(file);
  const runs: PlannedRun[] = [];
  const baselineKeys = new Set<string>();
  for (const seed of new Set(points.flatMap(({ seeds }) => seeds.map((at) => at.seed)))) {
    // A seed that a variant names twice makes two runs of one name, which are refused below.
    const ofSeed = points.flatMap((point) => point.seeds.filter((at) => at.seed === seed).map(({ place }) => ({ point, place })));
    for (const [f, fold] of (sweep.folds ?? [undefined]).entries()) {
      const overrides: Override[] = [];
      if (fold !== undefined) {
        const place = placeOf(['folds', f]);
        for (const [key, value] of Object.entries(foldRoles(fold, dataFolds, place))) overrides.push({ path: ['data', key], value, place });
      }
      const resolved = ofSeed.map(({ point, place }) => ({
        ...point,
        config: runConfig(file, { overrides: [...point.overrides, { path: ['seed'], value: seed, place }, ...overrides], clips }),
      }));
      for (const baseline of sweep.baselines) {
        for (const point of resolved) {
          const key = canonicalJson([baseline, seed, ...partsOf[baseline].map((part) => point.config[part])]);
          if (baselineKeys.has(key)) continue;
          baselineKeys.add(key);
          runs.push(baselineRun(file, { baseline, point, seed, fold }));
        }
      }
      for (const { system, variant, keys, config } of resolved) {
        const name = runName({ system, fold, seed });
        runs.push({ name, system, command: sweep.command, variant, keys, seed, fold, evaluations: sweep.evaluate, config });
      }
    }
  }
  checkNames(file, runs);
  checkClaims(sweep.claims, { systems: [...new Set(runs.map(({ system }) => system))], placeOf });
  return runs;
}

/** With the protocol that `auto` means to the runs' command: a baseline, which trains by none, has the split of the runs beside it. */
function runConfig(
  { base, sweep: { command } }: SweepFile,
  { overrides, clips }: { overrides: Override[]; clips: readonly Pick<Clip, 'isVerified'>[] },
): ResolvedConfig {
  const config = loadConfig({ file: base, overrides, command });
  return command === 'train' ? { ...config, data: supervisedData(clips, config.data) } : config;
}

/** The config that all runs start from: the base and `set`. */
export function commonConfig(file: SweepFile): ResolvedConfig {
  return loadConfig({ file: file.base, overrides: commonOverrides(file), command: file.sweep.command });
}

/** The encoder before training, as a run of no epochs; its name tells only what matters to it. */
function baselineRun(
  { sweep }: SweepFile,
  { baseline, point, seed, fold }: { baseline: BaselineName; point: Point & { config: ResolvedConfig }; seed: number; fold?: string },
): PlannedRun {
  const matters = (key: string) => partsOf[baseline].some((part) => part === key.split('.')[0]);
  const variant = sweep.variants?.find(({ name, set }) => name === point.variant && Object.keys(set).some(matters))?.name;
  const keys = Object.fromEntries(Object.entries(point.keys).filter(([key]) => matters(key)));
  const labels = Object.keys(keys).map((key) => point.labels.get(key) as string);
  const system = [baseline, ...(variant === undefined ? [] : [variant]), ...labels].join('-');
  const { data, frontEnd, views, encoder, evaluation } = point.config;
  const config = configSchema.parse({
    data,
    frontEnd,
    views,
    encoder: baseline === 'logMel' ? { name: 'logMelStatistics' } : encoder,
    evaluation,
    train: { epochs: 0 },
    seed,
  });
  const evaluations = sweep.evaluate.filter(({ protocol }) => protocolsOf[baseline].includes(protocol));
  return { name: runName({ system, fold, seed }), system, command: 'pretrain', baseline, variant, keys, seed, fold, evaluations, config };
}

/** Seeds and folds have keys of their own in a sweep. */
function checkKeys({ sweep, placeOf }: SweepFile): void {
  const places: [string, readonly (string | number)[]][] = [
    ...Object.keys(sweep.set).map((key): [string, string[]] => [key, ['set', key]]),
    ...Object.keys(sweep.grid ?? {}).map((key): [string, string[]] => [key, ['grid', key]]),
    ...Object.keys(sweep.search?.space ?? {}).map((key): [string, string[]] => [key, ['search', 'space', key]]),
    ...(sweep.variants ?? []).flatMap(({ set, grid = {} }, v) => [
      ...Object.keys(set).map((key): [string, (string | number)[]] => [key, ['variants', v, 'set', key]]),
      ...Object.keys(grid).map((key): [string, (string | number)[]] => [key, ['variants', v, 'grid', key]]),
    ]),
  ];
  for (const [key, path] of places) {
    if (key === 'seed')
      throw new UsageError(`${placeOf(path)}: seed: the sweep's own key seeds says the seeds, such as "seeds: [0, 1, 2]"`);
    if (sweep.folds !== undefined && /^data\.(testFold|validationFolds|trainFolds)$/.test(key))
      throw new UsageError(`${placeOf(path)}: ${key}: the sweep's own key folds says the folds; leave one of the two out`);
  }
}

function checkNames({ sweep, placeOf }: SweepFile, runs: readonly PlannedRun[]): void {
  const seen = new Set<string>();
  for (const { name, system } of runs) {
    // File systems that ignore case are common.
    const folded = name.toLowerCase();
    if (seen.has(folded)) {
      const culprit = ['grid', 'variants', 'seeds', 'folds'].find((key) => hasDuplicate(sweep[key as 'seeds'])) ?? 'grid';
      const ofVariants = (sweep.variants ?? []).flatMap(({ grid = {}, seeds }, v) => [
        ...(Object.values(grid).some(hasDuplicate) ? [['variants', v, 'grid']] : []),
        ...(hasDuplicate(seeds) ? [['variants', v, 'seeds']] : []),
      ]);
      throw new UsageError(
        `${placeOf(ofVariants[0] ?? [culprit])}: two runs would have the name ${name}; give each value once, or name the combinations as variants`,
      );
    }
    if (name.length > 200)
      throw new UsageError(
        `${placeOf(['grid'])}: the name of a run must have at most 200 characters, got ${system}; name the combinations as variants`,
      );
    seen.add(folded);
  }
}

function hasDuplicate(values: unknown): boolean {
  return Array.isArray(values) && new Set(values.map(canonicalJson)).size < values.length;
}
