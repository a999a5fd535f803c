import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { configJsonSchema } from '../../src/config/configJsonSchema.js';
import { loadConfig } from '../../src/config/loadConfig.js';
import { configHash, toYaml } from '../../src/run/configText.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const configs = fileURLToPath(new URL('../../configs', import.meta.url));

const folder = temporaryFolder();

function reload(text: string) {
  const file = join(folder, 'again.yaml');
  writeFileSync(file, text);
  return loadConfig({ file });
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const positive = fc.oneof(fc.double({ min: 1e-12, max: 1e6, noNaN: true }), fc.constantFrom(1e-4, 1e-7, 123456789));
const json = (value: fc.Arbitrary<unknown>) => value.map((inner) => JSON.stringify(inner));

/** `--set` texts of one change each, over every part. */
const change = fc.oneof(
  fc.tuple(fc.constant('seed'), json(fc.integer({ min: 0, max: 2 ** 32 - 1 }))),
  fc.tuple(fc.constantFrom('train.epochs', 'data.patchFrames', 'projectionHead.hiddenSize'), json(fc.integer({ min: 1, max: 9999 }))),
  fc.tuple(fc.constantFrom('optimizer.learningRate', 'train.checkpointSeconds'), json(positive)),
  fc.tuple(fc.constant('loss.temperature'), json(positive.filter((value) => value >= 0.001))),
  fc.tuple(fc.constantFrom('loss.contrastiveWeight', 'views.0.maxWeight', 'optimizer.weightDecay'), json(share)),
  fc.tuple(fc.constant('data.testFold'), json(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.string({ minLength: 1 })))),
  fc.tuple(
    fc.constant('data.trainFolds'),
    json(fc.array(fc.oneof(fc.integer(), fc.constantFrom('1', 'null', 'yes', '1e3', '- a', '# b')), { minLength: 1 })),
  ),
  fc.tuple(fc.constant('train.earlyStopping'), fc.constantFrom('null', '{patience: 3}')),
  fc.tuple(fc.constant('schedule'), fc.constantFrom('{name: cosine, warmupEpochs: 0.5}', '{name: constant}', '{milestones: [1, 2.5]}')),
  fc.tuple(
    fc.constant('frontEnd'),
    fc.constantFrom('{preset: librosa}', '{preset: torchaudio, nMels: 64}', '{nFft: 4096, logOffset: 1e-10}'),
  ),
  fc.tuple(fc.constant('views'), fc.constantFrom('[]', '[{name: specAugment, fill: noise}, {name: gaussianBlur}]', '[{name: timeShift}]')),
  fc.tuple(fc.constant('encoder.name'), fc.constantFrom('vgg', 'crnn')),
);
const overrides = fc
  .array(change, { maxLength: 6 })
  // A list that is replaced has no item 0 to change any more.
  .map((changes) => changes.filter(([path]) => path !== 'views.0.maxWeight' || !changes.some(([other]) => other === 'views')))
  .map((changes) => changes.map(([path, value]) => `${path}=${value}`));

describe('toYaml', () => {
  it('gives text that loads to the same config, with the same hash', () => {
    fc.assert(
      fc.property(overrides, (texts) => {
        const config = loadConfig({ overrides: texts });
        const again = reload(toYaml(config));
        expect(again).toEqual(config);
        expect(configHash(again)).toBe(configHash(config));
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});

describe('configHash', () => {
  it('depends on values, not on the order of keys or how they were written', () => {
    const config = loadConfig({ overrides: ['loss.temperature=1e-1', 'seed=3'] });
    const turned = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
    expect(configHash(config)).toMatch(/^[0-9a-f]{16}$/);
    expect(configHash(turned)).toBe(configHash(config));
    expect(configHash(loadConfig({ overrides: ['seed=3', 'loss={temperature: 0.1}'] }))).toBe(configHash(config));
    expect(configHash(loadConfig({ overrides: ['seed=4', 'loss={temperature: 0.1}'] }))).not.toBe(configHash(config));
  });
});

describe('the JSON schema of configs', () => {
  it('is the one in configs/schema (npm run schema writes it)', () => {
    const saved = JSON.parse(readFileSync(join(configs, 'schema/audiossl.schema.json'), 'utf8'));
    expect(saved).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it('describes every key, so that editors can show what it means', () => {
    const undescribed: string[] = [];
    const visit = (schema: z.core.JSONSchema.JSONSchema, path: string): void => {
      for (const [key, child] of Object.entries(schema.properties ?? {})) {
        if (typeof child === 'boolean') continue;
        if (child.description === undefined) undescribed.push(`${path}${key}`);
        visit(child, `${path}${key}.`);
      }
      for (const kind of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) if (typeof kind !== 'boolean') visit(kind, path);
      if (typeof schema.items === 'object' && !Array.isArray(schema.items)) visit(schema.items, `${path}0.`);
    };
    visit(configJsonSchema(), '');
    expect(undescribed).toEqual([]);
  });

  it('asks for no name where there is a default kind', () => {
    const required = (section: string) => {
      const part = configJsonSchema().properties?.[section] as z.core.JSONSchema.JSONSchema;
      return (part.oneOf as z.core.JSONSchema.JSONSchema[]).map((kind) => kind.required);
    };
    expect(required('schedule')).toEqual([undefined, ['name'], ['name'], ['name']]);
    // Which kind is the default depends on the command: one for pairs of views, one for labels.
    const losses = required('loss');
    expect(losses.filter((keys) => keys === undefined)).toHaveLength(2);
    expect(losses.filter((keys) => keys !== undefined && !keys.includes('name'))).toEqual([]);
  });
});

describe('the shipped configs', () => {
  const files = readdirSync(configs).filter((name) => name.endsWith('.yaml'));

  it.each(files)('%s is valid and differs from the defaults, unless it is the released setting', (name) => {
    const text = readFileSync(join(configs, name), 'utf8');
    expect(text).toContain('# yaml-language-server: $schema=schema/audiossl.schema.json\n');
    const config = loadConfig({ file: join(configs, name) });
    const defaults = loadConfig();
    const isReleased = name === 'fsdnoisy18k-released.yaml';
    expect(configHash(config) === configHash(defaults)).toBe(isReleased);
  });

  it('fsdnoisy18k-paper.yaml has the views of the text of the paper', () => {
    const { views, ...rest } = loadConfig({ file: join(configs, 'fsdnoisy18k-paper.yaml') });
    const { views: _, ...defaults } = loadConfig();
    expect(rest).toEqual(defaults);
    expect(views).toEqual([
      { name: 'randomResizedCrop', areaRange: [0.8, 1], aspectRange: [3 / 4, 4 / 3] },
      { name: 'specAugment', maskMels: 20, numMelMasks: 2, maskFrames: 20, numFrameMasks: 2, fill: 'min' },
      { name: 'gaussianBlur', maxKernelFrames: 5, maxKernelMels: 5 },
    ]);
  });

  it.each(['esc10.yaml', 'esc10-authors.yaml'])('%s trains on folds 1 to 3, looks at fold 4 and tests on fold 5', (file) => {
    const { data } = loadConfig({ file: join(configs, file) });
    expect(data).toMatchObject({ trainFolds: ['1', '2', '3'], validationFolds: ['4'], testFold: '5' });
  });
});
