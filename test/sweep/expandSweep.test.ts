import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/loadConfig.js';
import { dataOptions } from '../../src/data/dataOptions.js';
import { foldNames, foldRoles } from '../../src/data/foldRoles.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { resolveSplit } from '../../src/data/resolveSplit.js';
import { commonConfig, expandSweep, type PlannedRun } from '../../src/sweep/expandSweep.js';
import { readSweepFile } from '../../src/sweep/sweepFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { testData } from '../support/testData.js';

const dir = temporaryFolder();
const file = join(dir, 'sweep.yaml');
const slice = testData('fsdnoisy18k_slice');

function expand(sweep: object | string, dataFolds: string[] = []): PlannedRun[] {
  writeFileSync(file, typeof sweep === 'string' ? sweep : JSON.stringify(sweep));
  return expandSweep(readSweepFile(file), { clips: dataFolds.map((fold) => ({ fold })) });
}
const names = (runs: readonly PlannedRun[]) => runs.map(({ name }) => name);

describe('expandSweep', () => {
  it.skipIf(!slice)('gives a baseline the split of the runs beside it, whatever auto means to them', async () => {
    const { clips } = await loadDataset(slice as string);
    const splitsOf = (sweep: object) => {
      writeFileSync(file, JSON.stringify({ ...sweep, baselines: ['randomWeights', 'logMel'] }));
      const runs = expandSweep(readSweepFile(file), { clips });
      return runs.map(({ name, config }) => [name, config.data.protocol, resolveSplit(clips, config.data, config.seed).sha256]);
    };
    const all = resolveSplit(clips, { ...dataOptions.parse({}), protocol: 'all' }, 0).sha256;
    const ssl = resolveSplit(clips, { ...dataOptions.parse({}), protocol: 'ssl' }, 0).sha256;
    expect(all).not.toBe(ssl);
    const names = (command: string) => ['randomWeights-seed0', 'logMel-seed0', `${command}-seed0`];
    expect(splitsOf({ command: 'train' })).toEqual(names('train').map((name) => [name, 'all', all]));
    expect(splitsOf({ command: 'pretrain' })).toEqual(names('pretrain').map((name) => [name, 'auto', ssl]));
    // A protocol by name is nobody's to change.
    const clean = resolveSplit(clips, { ...dataOptions.parse({}), protocol: 'clean' }, 0).sha256;
    expect(splitsOf({ command: 'train', set: { 'data.protocol': 'clean' } })).toEqual(names('train').map((name) => [name, 'clean', clean]));
  });

  it('goes seed by seed, fold by fold, through variants and the grid, with baselines first', () => {
    const runs = expand(
      {
        variants: [
          { name: 'short', set: { 'train.epochs': 3 } },
          { name: 'small', set: { 'encoder.name': 'vgg' } },
        ],
        grid: { 'loss.contrastiveWeight': [1.0, 0.3], 'loss.marginOn': ['embedding', 'projection'] },
        seeds: [4, 5],
        folds: [2, 'b'],
        baselines: ['randomWeights', 'logMel'],
      },
      ['1', '2', 'b'],
    );
    const systems = ['short', 'small'].flatMap((variant) =>
      ['contrastiveWeight1', 'contrastiveWeight0.3'].flatMap((weight) =>
        ['marginOnEmbedding', 'marginOnProjection'].map((margin) => `${variant}-${weight}-${margin}`),
      ),
    );
    const expected = [4, 5].flatMap((seed) =>
      ['2', 'b'].flatMap((fold) =>
        // The margin changes no random weights; the other encoder does. Log-mel statistics know no encoder.
        ['randomWeights', 'randomWeights-small', 'logMel', ...systems].map((system) => `${system}-fold${fold}-seed${seed}`),
      ),
    );
    expect(names(runs)).toEqual(expected);
    const run = runs.find(({ name }) => name === 'small-contrastiveWeight0.3-marginOnProjection-foldb-seed5');
    expect(run).toMatchObject({
      system: 'small-contrastiveWeight0.3-marginOnProjection',
      variant: 'small',
      keys: { 'loss.contrastiveWeight': 0.3, 'loss.marginOn': 'projection' },
      seed: 5,
      fold: 'b',
      config: {
        seed: 5,
        encoder: { name: 'vgg' },
        loss: { contrastiveWeight: 0.3, marginOn: 'projection' },
        train: { epochs: 500 },
        data: { testFold: 'b', validationFolds: ['1'], trainFolds: ['2'] },
      },
    });
  });

  it('gives each run the config that --set would give', () => {
    const runs = expand({
      set: { 'train.epochs': 7, loss: { name: 'ntXent', temperature: 0.5 } },
      grid: { 'loss.temperature': [0.1, 0.2], 'views.0.maxWeight': [0.1] },
      seeds: [3],
    });
    expect(runs.map(({ config }) => config)).toEqual(
      [0.1, 0.2].map((temperature) =>
        loadConfig({
          overrides: [
            'train.epochs=7',
            'loss={name: ntXent, temperature: 0.5}',
            `loss.temperature=${temperature}`,
            'views.0.maxWeight=0.1',
            'seed=3',
          ],
        }),
      ),
    );
  });

  it('makes a baseline a run without epochs, with the data, front end and seed of its runs', () => {
    const [random, logMel, run] = expand({
      set: { 'frontEnd.nMels': 40, 'loss.temperature': 0.7 },
      seeds: [9],
      baselines: ['randomWeights', 'logMel'],
      evaluate: [
        { protocol: 'finetune', split: 'test' },
        { protocol: 'knn', split: 'test' },
      ],
    });
    for (const { config } of [random, logMel]) {
      expect(config.train.epochs).toBe(0);
      expect([config.data, config.frontEnd, config.seed]).toEqual([run.config.data, run.config.frontEnd, 9]);
    }
    expect(random.config.encoder).toEqual(run.config.encoder);
    expect(logMel.config.encoder).toEqual({ name: 'logMelStatistics' });
    // Nothing in it to fine-tune.
    expect([random, logMel, run].map(({ evaluations }) => evaluations.map(({ protocol }) => protocol))).toEqual([
      ['finetune', 'knn'],
      ['knn'],
      ['finetune', 'knn'],
    ]);
  });

  it('trains a variant by the seeds of its own, with the baselines of each seed, and keeps the names of the others', () => {
    const shared = { seeds: [0], folds: [1, 2], baselines: ['logMel'] };
    const runs = expand({ ...shared, variants: [{ name: 'once' }, { name: 'often', seeds: [0, 2, 1] }, { name: 'other', seeds: [2] }] }, [
      '1',
      '2',
      '3',
    ]);
    const ofSeeds = { 0: ['logMel', 'once', 'often'], 2: ['logMel', 'often', 'other'], 1: ['logMel', 'often'] };
    expect(names(runs)).toEqual(
      [0, 2, 1].flatMap((seed) =>
        ['1', '2'].flatMap((fold) => ofSeeds[seed as 0 | 1 | 2].map((system) => `${system}-fold${fold}-seed${seed}`)),
      ),
    );
    expect(runs.map(({ config }) => config.seed)).toEqual(runs.map(({ seed }) => seed));
    const before = expand({ ...shared, variants: [{ name: 'once' }, { name: 'often' }] }, ['1', '2', '3']);
    const configs = new Map(runs.map(({ name, config }) => [name, config]));
    for (const { name, config } of before) expect(configs.get(name)).toEqual(config);
  });

  it('evaluates the random weights of a supervised sweep by pre-training commands', () => {
    const runs = expand({
      command: 'train',
      set: { loss: { name: 'crossEntropyMargin' } },
      evaluate: [
        { protocol: 'classifier', split: 'test' },
        { protocol: 'linear', split: 'test' },
      ],
      baselines: ['randomWeights'],
    });
    expect(runs.map(({ name, command, evaluations }) => [name, command, evaluations.map(({ protocol }) => protocol)])).toEqual([
      ['randomWeights-seed0', 'pretrain', ['linear']],
      ['train-seed0', 'train', ['classifier', 'linear']],
    ]);
    expect(runs[0].config.loss.name).toBe('angularContrastive');
  });

  it('reads what all runs have in common with the defaults of their command', () => {
    const text = 'command: train\nset: { loss.crossEntropyWeight: 0.4 }\n';
    expect(expand(text)[0].config.loss).toMatchObject({ name: 'crossEntropyMargin', crossEntropyWeight: 0.4 });
    expect(commonConfig(readSweepFile(file))).toMatchObject({ loss: { crossEntropyWeight: 0.4 }, train: { epochs: 99 } });
  });

  it('has as many runs as the product of its lists, all of different names, for any lists of different values', () => {
    const distinct = <T>(values: fc.Arbitrary<T>) => fc.uniqueArray(values, { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(
        distinct(fc.double({ min: 0, max: 1, noNaN: true })),
        distinct(fc.integer({ min: 1, max: 10 ** 6 })),
        distinct(fc.integer({ min: 0, max: 1000 })),
        distinct(fc.constantFrom('1', '2', '3', 'ten')),
        fc.boolean(),
        (weights, epochs, seeds, folds, hasBaseline) => {
          const runs = expand(
            {
              grid: { 'loss.contrastiveWeight': weights, 'train.epochs': epochs },
              seeds,
              folds,
              baselines: hasBaseline ? ['randomWeights'] : [],
            },
            ['1', '2', '3', 'ten'],
          );
          const numSystems = weights.length * epochs.length + (hasBaseline ? 1 : 0);
          expect(runs).toHaveLength(numSystems * seeds.length * folds.length);
          expect(new Set(names(runs)).size).toBe(runs.length);
          for (const { name, config, fold } of runs) {
            expect(name).toMatch(/^[\w.-]+$/);
            const { testFold, validationFolds = [], trainFolds = [] } = config.data;
            expect(testFold).toBe(fold);
            expect([testFold, ...validationFolds, ...trainFolds].sort()).toEqual(['1', '2', '3', 'ten']);
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  it('keeps the names of the runs when values, seeds, folds or variants are added', () => {
    const small = { grid: { 'loss.temperature': [0.1] }, seeds: [0], folds: [1], baselines: ['randomWeights'] };
    const large = {
      ...small,
      grid: { 'loss.temperature': [0.2, 0.1] },
      seeds: [1, 0],
      folds: [2, 1],
      baselines: ['logMel', 'randomWeights'],
    };
    const configs = new Map(expand(large, ['1', '2', '3']).map(({ name, config }) => [name, config]));
    for (const { name, config } of expand(small, ['1', '2', '3'])) expect(configs.get(name)).toEqual(config);
  });

  it.each([
    ['set: { train.epoch: 3 }', /sweep\.yaml:1:8: train\.epoch: unknown key; did you mean "epochs"\?$/],
    ['seeds: [0]\ngrid:\n  loss.temprature: [1]', /sweep\.yaml:3:\d+: loss\.temprature: unknown key; did you mean "temperature"\?$/],
    ['grid: {}', /sweep\.yaml:1:1: grid: must name at least one key/],
    ['grid: { loss.temperature: [] }', /sweep\.yaml:1:9: grid\.loss\.temperature: must be >= 1 items, got 0$/],
    ['grid: { loss.temperature: [0.1, 0.1] }', /two runs would have the name temperature0\.1-seed0; give each value once/],
    ['seeds: [1, 1]', /sweep\.yaml:1:1: two runs would have the name pretrain-seed1/],
    ['variants:\n  - { name: a }\n  - { name: b, seeds: [3, 3] }', /sweep\.yaml:3:\d+: two runs would have the name b-seed3/],
    ['variants: [{ name: a, seeds: [] }]', /sweep\.yaml:1:\d+: variants\.0\.seeds: must be >= 1 items, got 0$/],
    ['seeds: []', /sweep\.yaml:1:1: seeds: must be >= 1 items, got 0$/],
    ['folds: [7]', /sweep\.yaml:1:9: fold 7 must be one of the data's folds, got 1, 2, 3$/],
    ['base: none.yaml', /sweep\.yaml:1:1: base: .*none\.yaml does not exist$/],
    ['sedes: [1]', /sweep\.yaml:1:1: sedes: unknown key; did you mean "seeds"\?$/],
    ['folds: [1]\nset: { data.testFold: 2 }', /sweep\.yaml:2:8: data\.testFold: the sweep's own key folds says the folds/],
    [
      'evaluate:\n  - { protocol: knn, split: test }\n  - { protocol: classifier, split: test }',
      /sweep\.yaml:3:\d+: evaluate\.1: the protocol classifier needs runs with a classifier of their own; set command: train/,
    ],
    ['command: train\nevaluate: [{ protocol: classifier, split: test, shots: 5 }]', /evaluate\.0: the protocol classifier learns nothing/],
    ['evaluate: [{ protocol: linear, split: test, shots: 5, labelFraction: 0.1 }]', /evaluate\.0: labelFraction and shots are two limits/],
    [
      'evaluate: [{ protocol: linear, split: test }, { protocol: linear, split: test, labelFraction: 1 }]',
      /sweep\.yaml:1:\d+: evaluate\.1: is the same as one before it/,
    ],
    ['- 1', /sweep\.yaml:1:1: expected keys with values/],
    ['seeds: [a]', /sweep\.yaml:1:9: seeds\.0: expected a number, got the text "a"$/],
    ['grid: [1]', /sweep\.yaml:1:1: grid: expected keys with values, got \[1\]$/],
    ['grid: { loss.temperature: 0.1 }', /sweep\.yaml:1:9: grid\.loss\.temperature: expected a list, got 0\.1$/],
    ['grid: { loss.temperature: [a] }', /sweep\.yaml:1:28: loss\.temperature: expected a number, got the text "a"$/],
    ['evaluate: [{ protocol: knn }]', /sweep\.yaml:1:12: evaluate\.0\.split: expected one of validation, test, got nothing$/],
    ['baselines: [chance]', /sweep\.yaml:1:13: baselines\.0: expected one of randomWeights, logMel, got "chance"$/],
    ['seeds: [0]\nset: { trian.epochs: 5 }', /sweep\.yaml:2:8: trian: unknown key; did you mean "train"\?$/],
  ])('refuses %j in one line with file and line', (text, message) => {
    let said = '';
    try {
      expand(text, ['1', '2', '3']);
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(message);
    expect(said).not.toContain('\n');
  });

  it('refuses names that differ in case alone, and values too long for a folder', () => {
    expect(() => expand({ variants: [{ name: 'a' }, { name: 'A' }] })).toThrow('two runs would have the name A-seed0');
    expect(() => expand({ grid: { seed: [1, 2] } })).toThrow(/sweep\.yaml:1:\d+: seed: the sweep's own key seeds/);
    expect(() => expand({ set: { 'a..b': 1 } })).toThrow('expected a config key such as loss.temperature or views.0.maxWeight, got "a..b"');
  });
});

describe('foldRoles', () => {
  it('lets the next fold validate and the others train, each fold once for each part', () => {
    const folds = ['1', '2', '3', '4', '5'];
    expect(foldRoles('5', folds, 'here')).toEqual({ testFold: '5', validationFolds: ['1'], trainFolds: ['2', '3', '4'] });
    expect(foldRoles('2', folds, 'here')).toEqual({ testFold: '2', validationFolds: ['3'], trainFolds: ['1', '4', '5'] });
    expect(() => foldRoles('1', ['1', '2'], 'here')).toThrow('here: folds to train, validate and test on need data of 3 folds or more');
    expect(() => foldRoles('1', [], 'here')).toThrow("here: fold 1 must be one of the data's folds, got data without folds");
  });

  it('counts folds as people do', () => {
    expect(foldNames(['10', '2', undefined, '1', '2'].map((fold) => ({ fold })))).toEqual(['1', '2', '10']);
    expect(foldNames(['c', 'a', 'b'].map((fold) => ({ fold })))).toEqual(['a', 'b', 'c']);
  });
});
