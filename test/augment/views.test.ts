import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyViews } from '../../src/augment/applyViews.js';
import { applyCompander } from '../../src/augment/compander.js';
import { explainViews } from '../../src/augment/explainViews.js';
import { applyGaussianNoise } from '../../src/augment/gaussianNoise.js';
import { applyMixBack } from '../../src/augment/mixBack.js';
import { applyRandomResizedCrop } from '../../src/augment/randomResizedCrop.js';
import { joinViewPlans, sampleViews, type ViewPlan } from '../../src/augment/sampleViews.js';
import { viewsOptions } from '../../src/augment/viewsOptions.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { availableBackends } from '../support/backends.js';
import { applied, randomPatches, toTensor } from './patches.js';

const size = { patchFrames: 30, nMels: 24 };
const released = viewsOptions.parse(undefined);
const everything = viewsOptions.parse(
  [
    'mixBack',
    'timeShift',
    'frequencyShift',
    'randomResizedCrop',
    'timeReversal',
    'compander',
    'specAugment',
    'gaussianNoise',
    'gaussianBlur',
  ].map((name) => ({ name })),
);
const plan = (views = released, overrides = {}): ViewPlan =>
  sampleViews(views, { seed: 1, epoch: 2, clips: [5, 9, 11], view: 0, ...size, ...overrides });
const paramsOf = (viewPlan: ViewPlan, name: string) => viewPlan.steps.find((step) => step.name === name)?.params;

describe('the list of views', () => {
  it('is the released pipeline where none is given', () => {
    expect(released).toEqual([
      { name: 'mixBack', maxWeight: 0.05 },
      { name: 'randomResizedCrop', areaRange: [0.8, 1], aspectRange: [3 / 4, 4 / 3] },
      { name: 'compander', exponentLimit: 0.75 },
      { name: 'gaussianNoise', maxStandardDeviation: 0.01 },
    ]);
  });

  it('refuses unknown names and keys, and a mixBack that is not first', () => {
    for (const [bad, told] of [
      [[{ name: 'mixBak' }], 'name'],
      [[{ name: 'compander', limit: 1 }], 'limit'],
      [[{ name: 'compander' }, { name: 'mixBack' }], 'mixBack works on raw patches'],
      [[{ name: 'randomResizedCrop', areaRange: [1, 0.8] }], 'min <= max'],
    ] as const) {
      const result = viewsOptions.safeParse(bad);
      expect(result.success).toBe(false);
      expect(JSON.stringify(result.error?.issues)).toContain(told);
    }
  });
});

describe('sampleViews', () => {
  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(plan(everything)))).toEqual(plan(everything));
  });

  it('gives a clip the same numbers whatever the batch or the rest of the list', () => {
    const alone = sampleViews(everything, { seed: 1, epoch: 2, clips: [9], view: 0, ...size });
    for (const step of plan(everything).steps) expect(paramsOf(alone, step.name)).toEqual([step.params[1]]);
    for (const step of plan(released).steps) expect(paramsOf(plan(everything), step.name)).toEqual(step.params);
  });

  it('gives other numbers to another seed, epoch, view or repetition; only the weight of mixBack is shared by the views', () => {
    for (const overrides of [{ seed: 2 }, { epoch: 3 }, { view: 1 }]) {
      for (const step of plan(everything, overrides).steps) {
        const isShared = step.name === 'mixBack' && 'view' in overrides;
        if (isShared) expect(step.params).toEqual(paramsOf(plan(everything), step.name));
        else if (step.name !== 'timeReversal') expect(step.params).not.toEqual(paramsOf(plan(everything), step.name));
      }
    }
    const twice = plan(viewsOptions.parse([{ name: 'compander' }, { name: 'compander' }]));
    expect(twice.steps[0].params).not.toEqual(twice.steps[1].params);
  });
});

describe.each(availableBackends)('applyViews on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));
  const patches = randomPatches(3, size.patchFrames, size.nMels, 1);
  const backgroundPatches = randomPatches(3, size.patchFrames, size.nMels, 2);

  it('applies the steps in the order of the list, without a leak', async () => {
    const { steps } = plan();
    const [mix, crop, compand, noise] = steps;
    if (mix.name !== 'mixBack' || crop.name !== 'randomResizedCrop' || compand.name !== 'compander' || noise.name !== 'gaussianNoise')
      throw new Error('another order');
    const backgrounds = toTensor(backgroundPatches);
    const byHand = await applied(patches, (batch) =>
      tf.tidy(() => {
        const mixed = applyMixBack(batch, mix.params, { backgrounds });
        return applyGaussianNoise(applyCompander(applyRandomResizedCrop(mixed, crop.params), compand.params), noise.params);
      }),
    );
    const views = await applied(patches, (batch) => applyViews(batch, plan(), { backgrounds }));
    expect(Array.from(views)).toEqual(Array.from(byHand));
    expect(Array.from(views)).not.toEqual(patches.flat(2));
    backgrounds.dispose();
  });

  it('copies the patches where the list is empty', async () => {
    expect(Array.from(await applied(patches, (batch) => applyViews(batch, { steps: [] })))).toEqual(patches.flat(2));
  });

  it('makes both views in one pass by a joined plan', async () => {
    const views = everything.slice(1);
    const [planA, planB] = [0, 1].map((view) => plan(views, { view }));
    const viewA = await applied(patches, (batch) => applyViews(batch, planA));
    const viewB = await applied(backgroundPatches, (batch) => applyViews(batch, planB));
    const joined = await applied([...patches, ...backgroundPatches], (batch) => applyViews(batch, joinViewPlans([planA, planB])));
    expect(joined).toBeAllClose([...viewA, ...viewB], { atol: 1e-6 });
  });

  it('shows every stage of one patch, the last being the view, and leaves nothing behind', async () => {
    const views = everything.slice(1);
    const onePlan = sampleViews(views, { seed: 1, epoch: 0, clips: [7], view: 0, ...size });
    const patch = toTensor([patches[0]]);
    const before = tf.memory().numTensors;
    const stages = await explainViews(patch, onePlan);
    expect(tf.memory().numTensors).toBe(before);
    patch.dispose();
    expect(stages.map(({ name }) => name)).toEqual(['patch', ...views.map(({ name }) => name)]);
    expect(Array.from(stages[0].logMel)).toEqual(patches[0].flat());
    expect(stages.at(-1)?.logMel).toEqual(await applied([patches[0]], (batch) => applyViews(batch, onePlan)));
    expect(stages[1].detail).toMatch(/^frames \d+$/);
    expect(stages[3].detail).toMatch(/^first frame \d+, num frames \d+, first mel \d+, num mels \d+$/);
    expect(stages[6].detail).toMatch(/^mel \d+\.\.\d+, mel/);
  });
});
