import { percentileInterval } from '../../eval/statistics/interval.js';
import { resample } from '../../eval/statistics/resample.js';
import { type FeatureAnalysisRecord, readFeatureAnalyses } from '../../run/featureAnalysis.js';
import { runFolder } from '../../run/runFolder.js';
import { canonicalJson } from '../../util/hash.js';
import type { RunReport } from '../collectRun.js';
import { valueAt } from '../selection.js';
import { withoutMargin } from './choose.js';
import { comparisonReplicates } from './compareSystems.js';
import { systemConfig } from './systems.js';
import { type SystemTraits, systemTraits } from './systemTraits.js';
import { type ClaimPart, type Evidence, notTested, partOf } from './verdicts.js';

/** A run with one of its feature analyses. */
export interface AnalysedRun {
  run: string;
  config: unknown;
  record: FeatureAnalysisRecord;
}

/** The feature analyses of `split` of a report's runs. */
export async function readAnalysedRuns(reports: readonly RunReport[], split: 'test' | 'validation'): Promise<AnalysedRun[]> {
  const all = await Promise.all(
    reports.map(async ({ name, dir, config }) =>
      (await readFeatureAnalyses(runFolder(dir))).map(({ record }) => ({ run: name, config, record })),
    ),
  );
  return all.flat().filter(({ record }) => record.split === split);
}

/** tolerance and uniformity of z, augmented views, of one system: numbers of each seed and test fold of its runs. */
interface FeatureSystem {
  traits: SystemTraits & { alpha: number; temperature: number };
  checkpoint: string;
  /** Equal for systems that differ in nothing but the loss's margin term. */
  family: string;
  /** By seed, then by test fold. */
  values: Map<number, Map<string, Values>>;
}

interface Values {
  uniformity: number;
  tolerance: number;
}

/**
 * At each temperature ACL against NT-Xent on projections z, as the paper measures them: tolerance rises, and uniformity falls, which is to
 * say that log mean exp(-2 |x - y|^2) rises (the paper prints minus this and calls that uniformity).
 * A record holds no values of single clips: the intervals are over seeds alone, of each the mean over the folds that both systems have.
 * Each system with the margin is a part of its own, against the system without that differs in nothing else.
 */
export function featureParts(
  analysed: readonly AnalysedRun[],
  { seed = 0, replicates = comparisonReplicates }: { seed?: number; replicates?: number },
): ClaimPart[] {
  const systems = toSystems(analysed);
  const pairs = systems
    .filter(({ traits }) => traits.alpha < 1)
    .flatMap((acl) => {
      const base = systems.find(({ traits, family }) => traits.alpha === 1 && family === acl.family);
      return base === undefined ? [] : [{ temperature: acl.traits.temperature, base, acl }];
    })
    .sort((x, y) => x.temperature - y.temperature);
  if (new Set(pairs.map(({ temperature }) => temperature)).size < 2) {
    const have = pairs.length === 0 ? 'none' : `${pairs[0].temperature}`;
    return [
      notTested('temperatures', [
        `audiossl analyze of runs with loss.contrastiveWeight 1 and below 1 at two values or more of loss.temperature (got ${have})`,
      ]),
    ];
  }
  const names = pairs.map(({ temperature, acl }) => `temperature ${temperature}, alpha ${acl.traits.alpha}`);
  return pairs.map(({ base, acl }, i) => {
    const { encoder, marginOn } = acl.traits;
    const isAlone = names.filter((other) => other === names[i]).length === 1;
    const name = isAlone ? names[i] : `${names[i]}, ${encoder}, margin on ${marginOn}, checkpoint ${acl.checkpoint}`;
    const common = commonSeeds(acl, base);
    if (common.length === 0) return notTested(name, ['runs with the same seed with and without the margin']);
    const evidence = (['tolerance', 'uniformity'] as const).map((key): Evidence => {
      const differences = common.map((folds) => folds.reduce((sum, [a, b]) => sum + a[key] - b[key], 0) / folds.length);
      const { estimate, low, high } = percentileInterval(
        resample([differences.map((value) => [value])], { labels: [0], replicates, seed }).micro,
      );
      const what =
        key === 'tolerance'
          ? 'tolerance of z, ACL minus NT-Xent'
          : 'log mean exp(-2 |x - y|²) of z (minus the uniformity of the paper), ACL minus NT-Xent';
      return { what, estimate, low, high, numSeeds: common.length, claimed: { above: 0 } };
    });
    return partOf({ name, evidence, notes: ['intervals over seeds alone: an analysis holds no values of single clips'] });
  });
}

function toSystems(analysed: readonly AnalysedRun[]): FeatureSystem[] {
  const systems = new Map<string, FeatureSystem>();
  for (const { config, record } of analysed) {
    const traits = systemTraits(config);
    const { kind, alpha, temperature } = traits;
    const { checkpoint, uniformity, tolerance } = record;
    if (kind !== 'selfSupervised' || alpha === null || temperature === null || uniformity.z === null || tolerance?.z == null) continue;
    const own = systemConfig(config);
    const key = canonicalJson([own, checkpoint]);
    const family = canonicalJson([withoutMargin(own), checkpoint]);
    const system = systems.get(key) ?? { traits: { ...traits, alpha, temperature }, checkpoint, family, values: new Map() };
    systems.set(key, system);
    const seed = valueAt(config, ['seed']);
    const at = typeof seed === 'number' ? seed : record.seed;
    const ofSeed = system.values.get(at) ?? new Map<string, Values>();
    system.values.set(at, ofSeed);
    const fold = String(valueAt(config, ['data', 'testFold']));
    if (!ofSeed.has(fold)) ofSeed.set(fold, { uniformity: uniformity.z, tolerance: tolerance.z });
  }
  return [...systems.values()];
}

/** Of each seed that both have: the values of the folds that both have, a and b. */
function commonSeeds(a: FeatureSystem, b: FeatureSystem): [a: Values, b: Values][][] {
  return [...a.values].flatMap(([seed, ofSeed]) => {
    const folds = [...ofSeed].flatMap(([fold, values]): [Values, Values][] => {
      const others = b.values.get(seed)?.get(fold);
      return others === undefined ? [] : [[values, others]];
    });
    return folds.length === 0 ? [] : [folds];
  });
}
