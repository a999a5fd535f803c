import { percentileInterval } from '../../eval/statistics/interval.js';
import { resample } from '../../eval/statistics/resample.js';
import { type FeatureAnalysisRecord, readFeatureAnalyses } from '../../run/featureAnalysis.js';
import { runFolder } from '../../run/runFolder.js';
import { canonicalJson } from '../../util/hash.js';
import type { RunReport } from '../collectRun.js';
import { valueAt } from '../selection.js';
import { comparisonReplicates } from './compareSystems.js';
import { systemConfig } from './systems.js';
import { systemTraits } from './systemTraits.js';
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

/** tolerance and uniformity of z, augmented views, of one system: a number a seed of its runs. */
interface FeatureSystem {
  alpha: number;
  temperature: number;
  values: Map<number, { uniformity: number; tolerance: number }>;
}

/**
 * At each temperature ACL against NT-Xent on projections z, as the paper measures them: tolerance rises, and uniformity falls, which is to
 * say that log mean exp(-2 |x - y|^2) rises (the paper prints minus this and calls that uniformity).
 * A record holds no values of single clips: the intervals are over seeds alone. Each alpha below 1 at a temperature is a part of its own.
 */
export function featureParts(
  analysed: readonly AnalysedRun[],
  { seed = 0, replicates = comparisonReplicates }: { seed?: number; replicates?: number },
): ClaimPart[] {
  const systems = toSystems(analysed);
  const temperatures = [...new Set(systems.map(({ temperature }) => temperature))].sort((a, b) => a - b);
  const pairs = temperatures.flatMap((temperature) => {
    const here = systems.filter((system) => system.temperature === temperature);
    const base = here.find(({ alpha }) => alpha === 1);
    return base === undefined ? [] : here.filter(({ alpha }) => alpha < 1).map((acl) => ({ temperature, base, acl }));
  });
  if (new Set(pairs.map(({ temperature }) => temperature)).size < 2) {
    const have = pairs.length === 0 ? 'none' : `${pairs[0].temperature}`;
    return [
      notTested('temperatures', [
        `audiossl analyze of runs with loss.contrastiveWeight 1 and below 1 at two values or more of loss.temperature (got ${have})`,
      ]),
    ];
  }
  return pairs.map(({ temperature, base, acl }) => {
    const seeds = [...base.values.keys()].filter((key) => acl.values.has(key));
    const name = `temperature ${temperature}, alpha ${acl.alpha}`;
    if (seeds.length === 0) return notTested(name, ['runs with the same seed with and without the margin']);
    const evidence = (['tolerance', 'uniformity'] as const).map((key): Evidence => {
      const differences = seeds.map((s) => (acl.values.get(s)?.[key] as number) - (base.values.get(s)?.[key] as number));
      const { estimate, low, high } = percentileInterval(
        resample([differences.map((value) => [value])], { labels: [0], replicates, seed }).micro,
      );
      const what =
        key === 'tolerance'
          ? 'tolerance of z, ACL minus NT-Xent'
          : 'log mean exp(-2 |x - y|²) of z (minus the uniformity of the paper), ACL minus NT-Xent';
      return { what, estimate, low, high, numSeeds: seeds.length, claimed: { above: 0 } };
    });
    return partOf({ name, evidence, notes: ['intervals over seeds alone: an analysis holds no values of single clips'] });
  });
}

function toSystems(analysed: readonly AnalysedRun[]): FeatureSystem[] {
  const systems = new Map<string, FeatureSystem>();
  for (const { config, record } of analysed) {
    const { kind, alpha, temperature } = systemTraits(config);
    const { uniformity, tolerance } = record;
    if (kind !== 'selfSupervised' || alpha === null || temperature === null || uniformity.z === null || tolerance?.z == null) continue;
    const key = canonicalJson([systemConfig(config), record.checkpoint]);
    const system = systems.get(key) ?? { alpha, temperature, values: new Map() };
    const seed = valueAt(config, ['seed']);
    const at = typeof seed === 'number' ? seed : record.seed;
    if (!system.values.has(at)) system.values.set(at, { uniformity: uniformity.z, tolerance: tolerance.z });
    systems.set(key, system);
  }
  return [...systems.values()];
}
