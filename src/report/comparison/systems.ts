import { chosenOptions } from '../../run/evaluationRecord.js';
import { UsageError } from '../../util/errors.js';
import { canonicalJson, sha256 } from '../../util/hash.js';
import { configDifferences } from '../configDifferences.js';
import { withoutNulls } from '../withoutNulls.js';
import { type EvaluatedRun, isKFold, protocolKey } from './evaluatedRuns.js';
import { poolSeeds } from './poolSeeds.js';
import type { System } from './system.js';
import { isUntrained, systemTraits, systemWords } from './systemTraits.js';

/**
 * Groups evaluated runs into systems. Throws UsageError in one line for runs that cannot be pooled; touches no disk.
 * @param variants names that a sweep file gives to some of the runs, by run: more telling than what can be read from a config
 */
export function groupSystems(evaluated: readonly EvaluatedRun[], variants: ReadonlyMap<string, string> = new Map()): System[] {
  const groups = new Map<string, EvaluatedRun[]>();
  for (const entry of evaluated) {
    const key = sha256(canonicalJson([systemConfig(entry.config), protocolKey(entry.record), entry.record.split]));
    const before = groups.get(key);
    if (before) before.push(entry);
    else groups.set(key, [entry]);
  }
  return nameSystems([...groups.values()].map(toSystem), variants);
}

/** A config without what tells the runs of one system apart, seed and folds, and without what is off. */
export function systemConfig(given: unknown): unknown {
  const config = withoutNulls(given);
  if (config === null || typeof config !== 'object' || Array.isArray(config)) return config;
  const { seed: _seed, data, ...rest } = config as Record<string, unknown>;
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return { ...rest, data };
  const { trainFolds: _train, validationFolds: _validation, testFold: _test, ...restOfData } = data as Record<string, unknown>;
  return { ...rest, data: restOfData };
}

function toSystem(entries: readonly EvaluatedRun[]): Omit<System, 'name'> {
  const [{ config, record }] = entries;
  for (const { run, record: other } of entries) {
    if (other.frontEndHash !== record.frontEndHash) {
      throw new UsageError(
        `report: runs of one config must have one front end, got ${record.frontEndHash.slice(0, 12)} (${entries[0].run}) and ${other.frontEndHash.slice(0, 12)} (${run}); leave one out, or evaluate it with the store of its own run`,
      );
    }
    if (canonicalJson(other.classNames) !== canonicalJson(record.classNames)) throw otherDataset(entries[0], run, other.classNames);
  }
  const { protocol, split, checkpoint, labelFraction, shots, dataset, trainOn, frontEndHash, classNames } = record;
  const { used, ...pooled } = poolSeeds(entries);
  const scores = used.map(({ validationScore }) => validationScore);
  const known = scores.filter((score) => score !== null);
  return {
    config: systemConfig(config),
    traits: systemTraits(config),
    ...{ protocol, split, checkpoint, labelFraction, shots, dataset, trainOn, frontEndHash, classNames },
    options: chosenOptions(record),
    isKFold: isKFold(record),
    protocolKey: protocolKey(record),
    ...pooled,
    validationScore: known.length < scores.length ? null : known.reduce((sum, score) => sum + score, 0) / known.length,
    runs: [...new Set(used.map(({ run }) => run))],
  };
}

function otherDataset(first: EvaluatedRun, run: string, classNames: readonly string[]): UsageError {
  return new UsageError(
    `report: runs that are compared must be of one dataset, ${first.run} has the classes ${shown(first.record.classNames)} and ${run} ${shown(classNames)}; report on them apart`,
  );
}

export function shown(names: readonly string[]): string {
  return names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} ... (${names.length})`;
}

/** A baseline beside a variant is still a baseline. */
function variantWords(traits: System['traits'], variant: string): string {
  return isUntrained(traits) ? `${systemWords(traits)}, ${variant}` : variant;
}

/** Adds to names that several systems share the keys in which those differ. */
function nameSystems(systems: readonly Omit<System, 'name'>[], variants: ReadonlyMap<string, string>): System[] {
  const first = systems.map(({ runs, traits, protocol, labelFraction, shots, dataset, trainOn, isKFold: hasFolds }) => {
    const amount = labelFraction !== null ? `${100 * labelFraction} % of labels` : shots !== null ? `${shots} shots` : undefined;
    const [variant, ...others] = new Set(runs.map((run) => variants.get(run)));
    return {
      words: others.length === 0 && variant !== undefined ? variantWords(traits, variant) : systemWords(traits),
      how: [protocol, amount, trainOn, dataset && `on ${dataset}`, hasFolds && 'k-fold'].filter(Boolean).join(', '),
    };
  });
  const hasOneProtocol = new Set(first.map(({ how }) => how)).size === 1;
  const named = (at: number, own: readonly string[] = []) => {
    const what = [first[at].words, ...own].join(', ');
    return hasOneProtocol ? what : `${what} (${first[at].how})`;
  };
  const base = first.map((_, at) => named(at));
  const full = systems.map((system, i) => {
    const namesakes = systems.filter((_, j) => base[j] === base[i]);
    if (namesakes.length === 1) return base[i];
    const differences = configDifferences(
      namesakes.map(({ config, checkpoint, options }) => ({ config, checkpoint, evaluation: options })),
    );
    // The words tell loss and alpha already; they are said again only where nothing else tells two systems apart.
    const telling = differences.filter(({ key }) => !/^config\.loss\.(name|contrastiveWeight|crossEntropyWeight)$/.test(key));
    const valuesOf = (list: typeof differences, at: number) =>
      list.map(({ key, values }) => `${key.replace(/^config\./, '')} ${values[at].replace(/^"(.*)"$/, '$1')}`);
    const isEnough = new Set(namesakes.map((_, at) => valuesOf(telling, at).join())).size === namesakes.length;
    const own = valuesOf(isEnough ? telling : differences, namesakes.indexOf(system));
    return named(i, own);
  });
  return systems.map((system, i) => ({ name: full[i], ...system }));
}
