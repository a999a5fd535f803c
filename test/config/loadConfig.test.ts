import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/loadConfig.js';
import { UsageError } from '../../src/util/errors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();

/** What `loadConfig` makes of a file with this text; its error with the folder's name taken out. */
function load(text: string, overrides: string[] = []) {
  const file = join(folder, 'x.yaml');
  writeFileSync(file, text);
  return loadConfig({ file, overrides });
}

function errorOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message.replace(`${folder}/`, '');
  }
  throw new Error('expected an error');
}

describe('loadConfig', () => {
  it("gives the authors' released setting without a file", () => {
    const config = loadConfig();
    expect(config.frontEnd).toMatchObject({ sampleRate: 22050, nFft: 2048, winLength: 660, hopLength: 220, nMels: 96, padMode: 'reflect' });
    expect(config.views.map(({ name }) => name)).toEqual(['mixBack', 'randomResizedCrop', 'compander', 'gaussianNoise']);
    expect(config.train).toMatchObject({ epochs: 500, batchSize: 128, earlyStopping: null });
    expect(config.data.patchFrames).toBe(101);
    expect(config.encoder).toEqual({ name: 'resnet18', width: 64, pooling: 'mean' });
    expect(config.loss).toMatchObject({ name: 'angularContrastive', temperature: 0.2, contrastiveWeight: 0.3, marginRadians: 0.5 });
    expect(config.optimizer).toEqual({ name: 'sgd', learningRate: 0.03, momentum: 0.9, weightDecay: 1e-4 });
    expect(config.schedule).toMatchObject({ name: 'multiStep', milestones: [325, 425], factor: 0.1 });
    expect(config.seed).toBe(0);
  });

  it('takes the default kind of a part where no name is given, and the defaults of the kind that is', () => {
    expect(load('optimizer: {momentum: 0.8}').optimizer).toEqual({ name: 'sgd', learningRate: 0.03, momentum: 0.8, weightDecay: 1e-4 });
    expect(load('optimizer: {name: adam}').optimizer).toMatchObject({ name: 'adam', learningRate: 0.001, beta1: 0.9 });
    expect(load('schedule: {factor: 0.5}').schedule).toMatchObject({ name: 'multiStep', milestones: [325, 425], factor: 0.5 });
    expect(loadConfig({ overrides: ['schedule.name=cosine'] }).schedule).toMatchObject({ name: 'cosine', finalFactor: 0 });
  });

  it('changes only what the file says, and takes 1e-4 for a number', () => {
    const config = load('seed: 7\ntrain:\n  epochs: 3 # why\nfrontEnd: {preset: librosa, nMels: 64, logFloor: 1e-4}\n');
    const expected = loadConfig();
    expect(config.seed).toBe(7);
    expect(config.train).toEqual({ ...expected.train, epochs: 3 });
    expect(config.frontEnd).toMatchObject({ nFft: 2048, hopLength: 512, nMels: 64, logFloor: 0.0001 });
    // librosa's front end gives decibels, and mix-back has to know.
    expect(config.views[0]).toEqual({ name: 'mixBack', maxWeight: 0.05, logBase: 10 ** 0.1 });
    expect(expected.views[0]).toEqual({ name: 'mixBack', maxWeight: 0.05, logBase: 10 });
    const rest = { seed: 0, train: 0, frontEnd: 0, views: 0 };
    expect({ ...config, ...rest }).toEqual({ ...expected, ...rest });
  });

  it('takes an empty file and a comment alone for all defaults', () => {
    expect(load('')).toEqual(loadConfig());
    expect(load('# nothing\n')).toEqual(loadConfig());
  });

  it('replaces the list of views whole', () => {
    expect(load('views:\n  - name: randomResizedCrop\n').views.map(({ name }) => name)).toEqual(['randomResizedCrop']);
    expect(load('views: []').views).toEqual([]);
  });

  it('lets overrides win over the file, the last over the first', () => {
    const config = load('train: {epochs: 3}', [
      'train.epochs=4',
      'train.epochs=5',
      'train.earlyStopping={patience: 2}',
      'data.trainFolds=[1, 2]',
    ]);
    expect(config.train).toMatchObject({ epochs: 5, earlyStopping: { patience: 2 } });
    expect(config.data.trainFolds).toEqual(['1', '2']);
    expect(load('train: {earlyStopping: {patience: 2}}', ['train.earlyStopping=null']).train.earlyStopping).toBeNull();
    expect(load('train: {earlyStopping: null}', ['train.earlyStopping.patience=9']).train.earlyStopping).toEqual({ patience: 9 });
  });

  it('reaches into the default list of views, and appends', () => {
    const { views } = loadConfig({ overrides: ['views.0.maxWeight=0.25', 'views.4={name: timeReversal}'] });
    expect(views[0]).toMatchObject({ name: 'mixBack', maxWeight: 0.25 });
    expect(views.map(({ name }) => name)).toEqual(['mixBack', 'randomResizedCrop', 'compander', 'gaussianNoise', 'timeReversal']);
  });
});

describe('defaults of train', () => {
  const train = (overrides: string[] = []) => loadConfig({ overrides, command: 'train' });

  it("are the authors' supervised setting, a file holding what differs from that", () => {
    const config = train();
    expect(config.frontEnd).toMatchObject({ sampleRate: 44100, winLength: 1764, hopLength: 882, padMode: 'constant', minSeconds: 2 });
    expect(config.data).toMatchObject({ patchFrames: 100, patchHop: 50, standardisation: 'perBand', protocol: 'auto' });
    expect(config.views).toEqual([]);
    expect(config.encoder).toEqual({ name: 'supCnn' });
    expect(config.loss).toMatchObject({ name: 'crossEntropyMargin', crossEntropyWeight: 0.7, marginRadians: 0.5, robust: null });
    expect(config.optimizer).toMatchObject({ name: 'adam', learningRate: 0.001, weightDecay: 0.001 });
    expect(config.schedule).toMatchObject({ name: 'plateau', factor: 0.5, patience: 5 });
    expect(config.train).toMatchObject({ epochs: 99, batchSize: 64, patches: 'grid', selectBy: 'accuracy', initialise: null });
    expect(train(['train.epochs=3', 'loss.crossEntropyWeight=1']).train).toEqual({ ...config.train, epochs: 3 });
  });

  it('change key by key within a part, and as a whole with its kind', () => {
    expect(train(['optimizer.weightDecay=0']).optimizer).toMatchObject({ name: 'adam', learningRate: 0.001, weightDecay: 0 });
    expect(train(['optimizer={name: sgd}']).optimizer).toEqual({ name: 'sgd', learningRate: 0.03, momentum: 0.9, weightDecay: 1e-4 });
    expect(train(['frontEnd.nMels=64']).frontEnd).toEqual({ ...train().frontEnd, nMels: 64 });
    expect(train(['frontEnd.preset=acl']).frontEnd).toEqual(loadConfig().frontEnd);
    expect(train(['schedule={name: cosine}']).schedule).toEqual(loadConfig({ overrides: ['schedule={name: cosine}'] }).schedule);
    expect(train(['views=[{name: timeShift}]']).views.map(({ name }) => name)).toEqual(['timeShift']);
  });

  it('leave a resolved config as it is, whatever command it was for', () => {
    for (const config of [loadConfig(), train()]) {
      const text = JSON.stringify(config);
      expect(load(text)).toEqual(config);
      writeFileSync(join(folder, 'resolved.yaml'), text);
      expect(loadConfig({ file: join(folder, 'resolved.yaml'), command: 'train' })).toEqual(config);
    }
  });

  it('are told from the kinds of a part: a key of the other command is named', () => {
    expect(errorOf(() => train(['loss.temperature=0.1']))).toBe(
      '`overrides` loss.temperature=0.1: loss.temperature: unknown key for the "name" given; known: name, crossEntropyWeight, marginRadians, marginOn, reduction, positiveWeight, negativeWeight, divisor, robust',
    );
    expect(errorOf(() => loadConfig({ overrides: ['seed=1', 'trian.epochs=5'] }))).toBe(
      '`overrides` trian.epochs=5: trian: unknown key; did you mean "train"?',
    );
    expect(errorOf(() => load('trian: { epochs: 5 }', ['trian.epochs=5']))).toBe('x.yaml:1:1: trian: unknown key; did you mean "train"?');
    expect(errorOf(() => loadConfig({ overrides: ['loss.robust={name: lq}'] }))).toMatch(/loss.robust: unknown key for the "name" given/);
  });
});

describe('errors of loadConfig: one line with file, line, column', () => {
  it.each([
    ['train:\n  epoch: 3', 'x.yaml:2:3: train.epoch: unknown key; did you mean "epochs"?'],
    ['# a\n\ntrian:\n  epochs: 3', 'x.yaml:3:1: trian: unknown key; did you mean "train"?'],
    ['checkpointSeconds: 3', 'x.yaml:1:1: checkpointSeconds: unknown key; did you mean "train.checkpointSeconds"?'],
    ['loss:\n  # why\n  temprature: 0.1', 'x.yaml:3:3: loss.temprature: unknown key; did you mean "temperature"?'],
    ['optimizer: {lr: 1}', 'x.yaml:1:13: optimizer.lr: unknown key; known: name, learningRate, momentum, weightDecay'],
    [
      'schedule: {name: cosine, milestones: [1]}',
      /^x.yaml:1:26: schedule.milestones: unknown key for the "name" given; known: name, finalFactor, /,
    ],
    [
      'schedule: {name: cosin}',
      'x.yaml:1:12: schedule.name: expected one of multiStep, cosine, plateau, constant, got "cosin"; did you mean "cosine"?',
    ],
    ['train: {qqqqqq: 1}', /^x.yaml:1:9: train.qqqqqq: unknown key; known: epochs, batchSize, /],
    [
      'views:\n  - name: mixBack\n  - name: gausianBlur',
      /^x.yaml:3:5: views.1.name: expected one of mixBack, .*, got "gausianBlur"; did you mean "gaussianBlur"\?$/,
    ],
    ['views:\n  - name: mixBack\n    maxWeigth: 1', 'x.yaml:3:5: views.0.maxWeigth: unknown key; did you mean "maxWeight"?'],
    ['views:\n  - nam: mixBack', /^x.yaml:2:5: views.0.name: expected one of mixBack, .*, got nothing/],
    ['train:\n  epochs: abc', 'x.yaml:2:3: train.epochs: expected a number, got the text "abc"'],
    ['train:\n  epochs: 2.5', 'x.yaml:2:3: train.epochs: expected a whole number, got 2.5'],
    ['train:\n  epochs: -1', 'x.yaml:2:3: train.epochs: must be >= 0, got -1'],
    ['train:\n  epochs: null', 'x.yaml:2:3: train.epochs: cannot be null; expected a number, or leave the key out for its default'],
    ['train: 3', 'x.yaml:1:1: train: expected keys with values, got 3'],
    ['train: {earlyStopping: {}}', 'x.yaml:1:9: train.earlyStopping.patience: missing; expected a number'],
    ['frontEnd: {power: 3}', 'x.yaml:1:12: frontEnd.power: expected 1 or 2, got 3'],
    ['frontEnd: {window: haming}', 'x.yaml:1:12: frontEnd.window: expected one of hamming, hann, got "haming"; did you mean "hamming"?'],
    ['frontEnd: {fMax: 20000}', 'x.yaml:1:12: frontEnd.fMax: must be at most half the sample rate (11025 Hz), got 20000'],
    ['data: {trainFolds: []}', 'x.yaml:1:8: data.trainFolds: must be >= 1 items, got 0'],
    ['seed: -1\ntrain: {epochs: -1}', 'x.yaml:2:9: train.epochs: must be >= 0, got -1 (and 1 more)'],
    ['- a', 'x.yaml:1:1: expected keys with values, such as "seed: 1", got ["a"]'],
    ['just text', 'x.yaml:1:1: expected keys with values, such as "seed: 1", got "just text"'],
    ['seed: 1\nseed: 2', 'x.yaml:2:1: Map keys must be unique'],
    ['train:\n  epochs: [1', /^x.yaml:2:13: /],
    ['seed: !!python/tuple [1]', /^x.yaml:1:7: Unresolved tag/],
    ['seed: 1\n---\nseed: 2', /^x.yaml:2:1: Source contains multiple documents/],
  ])('%j', (text, message) => {
    const error = errorOf(() => load(text));
    if (typeof message === 'string') expect(error).toBe(message);
    else expect(error).toMatch(message);
    expect(error).not.toContain('\n');
  });

  it.each([
    ['train.epoch=3', '`overrides` train.epoch=3: train.epoch: unknown key; did you mean "epochs"?'],
    ['train.epochs=abc', '`overrides` train.epochs=abc: train.epochs: expected a number, got the text "abc"'],
    ['train={epoch: 3}', '`overrides` train={epoch: 3}: train.epoch: unknown key; did you mean "epochs"?'],
    ['views.7.prob=1', '`overrides` views.7.prob=1: views is a list of 4, expected a number from 0 to 4 after it, got 7'],
    ['views.first=1', '`overrides` views.first=1: views is a list of 4, expected a number from 0 to 4 after it, got first'],
    ['seed', '`overrides` seed: expected key.key=value, such as loss.temperature=0.1 or views.0.maxWeight=0.1'],
    ['=3', '`overrides` =3: expected key.key=value, such as loss.temperature=0.1 or views.0.maxWeight=0.1'],
    ['__proto__.a=3', '`overrides` __proto__.a=3: expected key.key=value, such as loss.temperature=0.1 or views.0.maxWeight=0.1'],
    ['seed=', '`overrides` seed=: no value after "="; write null to switch something off'],
    ['train=[1', /^`overrides` train=\[1:1:3: /],
  ])('--set %s', (override, message) => {
    const error = errorOf(() => loadConfig({ overrides: [override] }));
    if (typeof message === 'string') expect(error).toBe(message);
    else expect(error).toMatch(message);
  });

  it('blames the file, not an override elsewhere', () => {
    expect(errorOf(() => load('train: {epochs: -1}', ['seed=3']))).toBe('x.yaml:1:9: train.epochs: must be >= 0, got -1');
    expect(errorOf(() => load('train: 3', ['train.epochs=3']))).toBe('`overrides` train.epochs=3: train is 3, which has no keys');
  });

  it('blames the last override that set the value', () => {
    const overrides = ['train={epochs: 0}', 'train.epochs=-1'];
    expect(errorOf(() => loadConfig({ overrides }))).toBe('`overrides` train.epochs=-1: train.epochs: must be >= 0, got -1');
  });

  it('names a file that is not there', () => {
    expect(errorOf(() => loadConfig({ file: join(folder, 'none.yaml') }))).toMatch(/^none.yaml: cannot read the config \(ENOENT/);
  });

  it('refuses texts built to explode', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`);
    expect(errorOf(() => load(`a0: &a0 [x]\n${levels.join('\n')}`))).toMatch(/^x.yaml: Excessive alias count/);
    expect(errorOf(() => load('['.repeat(200_000)))).toMatch(/^x.yaml/);
    expect(errorOf(() => load(`# ${'x'.repeat(1_000_001)}`))).toBe('x.yaml: a config has at most 1000000 characters, got 1000003');
    expect(errorOf(() => load('__proto__: {seed: 1}'))).toMatch(/^x.yaml:1:1: __proto__: unknown key/);
  });
});
