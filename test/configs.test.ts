import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { frontEndHash } from '../src/audio/frontEnd.js';
import { setBackend } from '../src/backend/setBackend.js';
import type { ResolvedConfig } from '../src/config/configSchema.js';
import { loadConfig } from '../src/config/loadConfig.js';
import { buildFeatureStore } from '../src/data/buildFeatureStore.js';
import { FeatureStore } from '../src/data/FeatureStore.js';
import { loadDataset } from '../src/data/loadDataset.js';
import { readLog } from '../src/run/readLog.js';
import { expandSweep, type PlannedRun } from '../src/sweep/expandSweep.js';
import { readSweepFile } from '../src/sweep/sweepFile.js';
import { pretrain } from '../src/train/pretrain.js';
import { train } from '../src/train/train.js';
import { formatCsv, parseCsv } from '../src/util/csv.js';
import { groupBy } from '../src/util/groupBy.js';
import { canonicalJson } from '../src/util/hash.js';
import { availableBackends } from './support/backends.js';
import { temporaryFolder } from './support/temporaryFolder.js';
import { testData } from './support/testData.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const yamlFiles = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name));
const configFiles = yamlFiles('configs');
const sweepFiles = yamlFiles('configs/sweeps');
const plans = new Map<string, PlannedRun[]>();
function planOf(name: string): PlannedRun[] {
  const file = join(root, 'configs/sweeps', `${name}.yaml`);
  const plan = plans.get(name) ?? expandSweep(readSweepFile(file), { clips: ['1', '2', '3', '4', '5'].map((fold) => ({ fold })) });
  plans.set(name, plan);
  return plan;
}
/** Of each system its config with the first seed and fold; baselines are no training. */
function systemsOf(runs: readonly PlannedRun[]): Map<string, PlannedRun> {
  const systems = new Map<string, PlannedRun>();
  for (const run of runs) if (run.baseline === undefined && !systems.has(run.system)) systems.set(run.system, run);
  return systems;
}
const weightOf = ({ loss }: ResolvedConfig) => {
  if (loss.name === 'crossEntropyMargin') return loss.crossEntropyWeight;
  return 'contrastiveWeight' in loss ? loss.contrastiveWeight : undefined;
};
const tenths = (from: number) => Array.from({ length: 11 - from }, (_, i) => (from + i) / 10);

describe('the files in configs', () => {
  it.each(configFiles)('%s is a config and says why it is there', (file) => {
    expect(() => loadConfig({ file: join(root, file) })).not.toThrow();
    expect(readFileSync(join(root, file), 'utf8')).toMatch(/^# yaml-language-server: \$schema=schema\/audiossl\.schema\.json\n#\n# /);
  });

  it.each(sweepFiles)('%s is a sweep of known keys, says why it is there, and has the seeds that a verdict needs', (file) => {
    const runs = planOf(basename(file, '.yaml'));
    expect(runs.length).toBeGreaterThan(0);
    expect(readFileSync(join(root, file), 'utf8')).toMatch(/^# /);
    if (file.includes('fsdnoisy18k')) expect(new Set(runs.map(({ seed }) => seed)).size).toBeGreaterThanOrEqual(5);
  });
});

it('the grid of the comparison of losses tries first what the comparison has', () => {
  const clips = ['1', '2', '3', '4', '5'].map((fold) => ({ fold }));
  const compared = readSweepFile(join(root, 'configs/sweeps/compare-esc10.yaml'));
  const before = expandSweep({ ...compared, sweep: { ...compared.sweep, folds: ['5'] } }, { clips });
  const tried = [...groupBy(planOf('compare-esc10-grid'), ({ variant }) => String(variant)).values()];
  expect(tried.length).toBeGreaterThan(20);
  for (const [first, ...others] of tried) {
    expect(first.config).toEqual(before.find(({ system }) => system === first.variant)?.config);
    expect(others.length).toBeGreaterThan(0);
    expect(first.evaluations.map(({ split }) => split)).toEqual(['validation']);
  }
});

describe("the paper's experiments", () => {
  it('Table 1: four subsets, without and with the margin, with its alpha', () => {
    const rows = [...systemsOf(planOf('fsdnoisy18k-table1')).values()];
    expect(rows.every(({ command }) => command === 'train')).toBe(true);
    expect(rows.map(({ config }) => [config.data.protocol, weightOf(config)])).toEqual([
      ['all', 1],
      ['all', 0.7],
      ['noisy', 1],
      ['noisy', 0.4],
      ['noisySmall', 1],
      ['noisySmall', 0.2],
      ['clean', 1],
      ['clean', 0.5],
    ]);
    for (const { config } of rows) {
      expect(config).toMatchObject({
        encoder: { name: 'supCnn' },
        frontEnd: { sampleRate: 44_100, hopLength: 882, fMax: 22_050 },
        optimizer: { name: 'adam', learningRate: 0.001, weightDecay: 0.001 },
        schedule: { name: 'plateau', factor: 0.5, patience: 5 },
        data: { patchFrames: 100, patchHop: 50, standardisation: 'perBand' },
        train: { batchSize: 64, epochs: 99, patches: 'grid' },
        views: [],
      });
    }
  });

  it('Table 2 and Figure 2: supervised and self-supervised, without and with the margin', () => {
    const supervised = [...systemsOf(planOf('fsdnoisy18k-table2-supervised')).values()];
    expect(supervised.map(({ config, command }) => [command, config.data.protocol, weightOf(config)])).toEqual([
      ['train', 'all', 1],
      ['train', 'all', 0.7],
    ]);
    for (const name of ['fsdnoisy18k-table2-selfsupervised', 'fsdnoisy18k-figure2']) {
      const rows = [...systemsOf(planOf(name)).values()];
      expect(rows.map(({ command, config }) => [command, weightOf(config)])).toEqual([
        ['pretrain', 1],
        ['pretrain', 0.3],
      ]);
      expect(rows[1].config).toEqual(loadConfig());
      expect(rows[0].evaluations).toMatchObject([{ protocol: 'linear', split: 'test' }]);
    }
  });

  it('Figure 3: ten temperatures, each without the margin and with its best alpha', () => {
    const best = [0.7, 0.3, 0.4, 0.8, 0.3, 0.7, 0.2, 0.9, 0.3, 0.9];
    const expected = tenths(1).flatMap((temperature, i) => [
      [temperature, 1],
      [temperature, best[i]],
    ]);
    const rows = [...systemsOf(planOf('fsdnoisy18k-figure3')).values()].map(({ config }) => [
      'temperature' in config.loss ? config.loss.temperature : undefined,
      weightOf(config),
    ]);
    expect(rows).toEqual(expected);
  });

  it('alpha from 0 (supervised: 0.1) to 1, and the margin in each place', () => {
    const supervised = [...systemsOf(planOf('fsdnoisy18k-alpha-supervised')).values()];
    expect(supervised.map(({ config }) => [config.data.protocol, weightOf(config)])).toEqual(
      ['all', 'clean', 'noisy', 'noisySmall'].flatMap((protocol) => tenths(1).map((weight) => [protocol, weight])),
    );
    const selfSupervised = [...systemsOf(planOf('fsdnoisy18k-alpha-selfsupervised')).values()];
    expect(selfSupervised.map(({ config }) => weightOf(config))).toEqual(tenths(0));
    const places = (name: string) =>
      [...systemsOf(planOf(name)).values()].map(({ config }) => 'marginOn' in config.loss && config.loss.marginOn);
    expect(places('fsdnoisy18k-margin-on')).toEqual(['embedding', 'projection']);
    expect(places('fsdnoisy18k-margin-on-supervised')).toEqual(['pooled', 'embedding']);
    expect(places('esc10-margin-on')).toEqual(['embedding', 'projection']);
  });
});

/** A few short clips, laid out as FSDnoisy18k is: at least 8 to train on and 2 to validate on in every protocol. */
function fewOfFsdnoisy18k(slice: string, out: string): string {
  const wanted: Record<string, Record<string, number>> = {
    Glass: { clean: 3, noisy: 2, noisySmall: 2, test: 2 },
    Crash_cymbal: { noisy: 2, noisySmall: 3, test: 1 },
    Engine: { clean: 5, test: 1 },
    Rain: { clean: 3 },
    Bass_guitar: { noisySmall: 3 },
    Acoustic_guitar: { noisySmall: 2 },
  };
  const kindOf = (row: Record<string, string>) =>
    row.manually_verified === '1' ? 'clean' : row.noisy_small === '1' ? 'noisySmall' : 'noisy';
  for (const split of ['train', 'test']) {
    const meta = `FSDnoisy18k.meta/${split}.csv`;
    const audio = `FSDnoisy18k.audio_${split}`;
    const { columns, rows } = parseCsv(readFileSync(join(slice, meta), 'utf8'), meta);
    const bytes = (row: Record<string, string>) => statSync(join(slice, audio, row.fname)).size;
    const left = structuredClone(wanted);
    const chosen = rows
      .sort((a, b) => bytes(a) - bytes(b))
      .filter((row) => {
        const kind = split === 'test' ? 'test' : kindOf(row);
        if (!left[row.label]?.[kind]) return false;
        left[row.label][kind]--;
        return true;
      });
    mkdirSync(join(out, audio), { recursive: true });
    mkdirSync(join(out, 'FSDnoisy18k.meta'), { recursive: true });
    for (const { fname } of chosen) copyFileSync(join(slice, audio, fname), join(out, audio, fname));
    writeFileSync(
      join(out, meta),
      formatCsv(
        columns,
        chosen.map((row) => columns.map((name) => row[name])),
      ),
    );
  }
  return out;
}

/** Three clips of three classes a fold. */
function fewOfEsc10(out: string): string {
  const { columns, rows } = parseCsv(readFileSync(join(root, 'data/esc10/labels.csv'), 'utf8'), 'labels.csv');
  const seen = new Set<string>();
  const chosen = rows.filter(({ label, fold }) => {
    if (!['dog_bark', 'rain', 'rooster'].includes(label) || seen.has(`${label} ${fold}`)) return false;
    seen.add(`${label} ${fold}`);
    return true;
  });
  mkdirSync(join(out, 'audio'), { recursive: true });
  for (const { fname } of chosen) copyFileSync(join(root, 'data/esc10/audio', fname), join(out, 'audio', fname));
  writeFileSync(
    join(out, 'labels.csv'),
    formatCsv(
      columns,
      chosen.map((row) => columns.map((name) => row[name])),
    ),
  );
  return out;
}

type Data = 'esc10' | 'fsdnoisy18k';
const dataOf = (file: string): Data => (file.includes('fsdnoisy18k') ? 'fsdnoisy18k' : 'esc10');
const slice = testData('fsdnoisy18k_slice');
const backend = availableBackends.at(-1);

describe('a few steps of every kind of system', () => {
  let dir: string;
  const stores = new Map<string, FeatureStore>();
  beforeAll(async () => {
    dir = temporaryFolder();
    await setBackend({ backend, threads: 1 });
  });
  afterAll(async () => {
    for (const store of stores.values()) await store.close();
  });

  /** The store of a data set with a front end, made once. */
  async function storeOf(data: Data, { frontEnd }: ResolvedConfig): Promise<FeatureStore> {
    const folder = join(dir, data);
    if (!existsSync(folder)) {
      if (data === 'esc10') fewOfEsc10(folder);
      else fewOfFsdnoisy18k(slice!, folder);
    }
    const out = join(dir, `${data}-${frontEndHash(frontEnd)}`);
    let store = stores.get(out);
    if (store === undefined) {
      await buildFeatureStore({ dataset: await loadDataset(folder), frontEnd, out, numWorkers: 1 });
      store = await FeatureStore.open(out);
      stores.set(out, store);
    }
    return store;
  }

  /** Of what a loss reads, what sends it another way: not by how much a term counts, but that it counts. */
  const kindOf = (value: unknown): unknown => {
    if (typeof value === 'number') return value === 0 || value === 1 ? value : 'other';
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, its]) => [key, kindOf(its)]));
  };
  const done = new Set<string>();
  /** Whether this loss has been trained with, and this framework on this network with a loss of this name, with or without the margin beside it. */
  function isDone(config: ResolvedConfig, command: string): boolean {
    const { loss, optimizer, method, ...rest } = config;
    const { temperature, ...ofLoss } = loss as Record<string, unknown>;
    const { learningRate, ...ofOptimizer } = optimizer;
    const { momentum, ...ofMethod } = method as Record<string, unknown>;
    const hasMargin = typeof ofLoss.angularMargin === 'object' && ofLoss.angularMargin !== null;
    const ways = [
      { command, loss: kindOf(ofLoss) },
      { command, config: { ...rest, optimizer: ofOptimizer, method: ofMethod }, loss: loss.name, hasMargin },
    ].map(canonicalJson);
    const isKnown = ways.every((way) => done.has(way));
    for (const way of ways) done.add(way);
    return isKnown;
  }
  let numRuns = 0;

  /** Trains an epoch of one to a few steps; each way through the code once. */
  async function runOnce(config: ResolvedConfig, command: 'pretrain' | 'train', data: Data): Promise<void> {
    const batchSize = command === 'train' ? 16 : 8;
    // A queue holds a batch at least and no more than the few clips.
    const method = config.method.name === 'mocoV2' ? { ...config.method, queueSize: batchSize } : config.method;
    const tiny: ResolvedConfig = { ...config, method, seed: 0, train: { ...config.train, epochs: 1, batchSize } };
    if (isDone(tiny, command)) return;
    const out = join(dir, `run${numRuns++}`);
    const run = command === 'train' ? train : pretrain;
    const { end } = await run({ store: await storeOf(data, tiny), config: tiny, out });
    const { steps } = await readLog(join(out, 'log.jsonl'));
    expect(end.reason).toBe('finished');
    expect(steps.length).toBeGreaterThanOrEqual(1);
    for (const { loss } of steps) expect(Number.isFinite(loss)).toBe(true);
    rmSync(out, { recursive: true });
  }

  /** The same network with a sixteenth of the values: checkpoints of 90 MB for every framework, loss and weight would be time for nothing. */
  const lighter = (config: ResolvedConfig): ResolvedConfig => {
    const { encoder, data } = config;
    if (encoder.name === 'twoView') return { ...config, encoder: { ...encoder, each: 'vgg' }, data: { ...data, patchFrames: 32 } };
    return encoder.name === 'resnet18' ? { ...config, encoder: { ...encoder, width: 16 } } : config;
  };

  // Several systems in one file, on a busy machine.
  const timeout = 600_000;
  const trainConfig = async (file: string) => {
    const given = loadConfig({ file: join(root, file) });
    // A network that begins with given weights is theirs. Whitening its 768 values takes ten seconds, which a smaller one's test does not.
    const config = given.train.initialise === null ? lighter(given) : { ...given, train: { ...given.train, whiten: null } };
    await runOnce(config, config.loss.name === 'crossEntropyMargin' ? 'train' : 'pretrain', dataOf(file));
  };
  it.each(configFiles.filter((file) => dataOf(file) === 'esc10'))('%s', trainConfig, timeout);
  it.skipIf(slice === undefined).each(configFiles.filter((file) => dataOf(file) === 'fsdnoisy18k'))('%s', trainConfig, timeout);

  const trainSweep = async (file: string) => {
    for (const { config, command } of systemsOf(planOf(basename(file, '.yaml'))).values())
      await runOnce(lighter(config), command, dataOf(file));
  };
  it.each(sweepFiles.filter((file) => dataOf(file) === 'esc10'))('%s', trainSweep, timeout);
  it.skipIf(slice === undefined).each(sweepFiles.filter((file) => dataOf(file) === 'fsdnoisy18k'))('%s', trainSweep, timeout);
});
