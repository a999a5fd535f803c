import { keyPath, type Override } from '../config/overrides.js';
import { UsageError } from '../util/errors.js';
import { keyLabels, settingLabel } from './runName.js';
import { drawName, drawSettings, type SearchOptions } from './searchSpace.js';
import type { SweepFile } from './sweepFile.js';

type Variant = NonNullable<SweepFile['sweep']['variants']>[number];

/** A combination of the grid and the variants. */
export interface Point {
  /** Its name: the varied keys in short. */
  system: string;
  variant?: string;
  keys: Record<string, unknown>;
  /** Of each key its label with the value. */
  labels: Map<string, string>;
  overrides: Override[];
  seeds: readonly SeedAt[];
}

/** A seed, and where in the file it stands. */
export interface SeedAt {
  seed: number;
  place: string;
}

/**
 * Every setting of a sweep: each variant, as `set`, then the keys chosen for it or its own grid, through the grid of all; of a search its
 * draws.
 */
export function sweepPoints(file: SweepFile): Point[] {
  const { sweep, settings, placeOf } = file;
  const seedsAt = (seeds: readonly number[], at: readonly (string | number)[]): SeedAt[] =>
    seeds.map((seed, s) => ({ seed, place: placeOf([...at, s]) }));
  const common: Point = {
    system: '',
    keys: {},
    labels: new Map(),
    overrides: commonOverrides(file),
    seeds: seedsAt(sweep.seeds, ['seeds']),
  };
  if (sweep.search !== undefined) return drawnPoints(file, sweep.search, common);
  const variants: Partial<Variant>[] = sweep.variants ?? [{}];
  const points = variants.flatMap(({ name, set = {}, grid = {}, seeds }, v) => {
    const at = ['variants', v];
    const own = settings?.variants.find((chosen) => chosen.name === name)?.keys;
    const overrides = Object.entries({ ...set, ...own }).map(([key, value]) => overrideAt(placeOf([...at, 'set', key]), key, value));
    const start: Point = {
      ...common,
      variant: name,
      overrides: [...common.overrides, ...overrides],
      seeds: seeds === undefined ? common.seeds : seedsAt(seeds, [...at, 'seeds']),
    };
    const grids = [
      { grid: sweep.grid ?? {}, at: ['grid'] },
      { grid: own === undefined ? grid : {}, at: [...at, 'grid'] },
    ];
    const labelOf = keyLabels(grids.flatMap(({ grid }) => Object.keys(grid)));
    const axes = grids.flatMap(({ grid, at }) => Object.entries(grid).map(([key, values]) => ({ key, values, at: [...at, key] })));
    return axes.reduce(
      (points, { key, values, at }) => {
        const label = labelOf.get(key) as string;
        return points.flatMap((point) =>
          values.map((value, i) => ({
            ...point,
            keys: { ...point.keys, [key]: value },
            labels: new Map(point.labels).set(key, settingLabel(label, value)),
            overrides: [...point.overrides, overrideAt(placeOf([...at, i]), key, value)],
          })),
        );
      },
      [start],
    );
  });
  return points.map((point) => ({
    ...point,
    system: [...(point.variant === undefined ? [] : [point.variant]), ...point.labels.values()].join('-') || sweep.command,
  }));
}

/** What `set` says of every run. */
export function commonOverrides({ sweep, placeOf }: SweepFile): Override[] {
  return Object.entries(sweep.set).map(([key, value]) => overrideAt(placeOf(['set', key]), key, value));
}

/** The draws of a search, each as long as its last rung. */
function drawnPoints({ placeOf }: SweepFile, search: SearchOptions, common: Point): Point[] {
  const length = overrideAt(placeOf(['search', 'epochs']), 'train.epochs', search.epochs.at(-1));
  return Array.from({ length: search.draws }, (_, index) => {
    const keys = drawSettings(search, index);
    const drawn = Object.entries(keys).map(([key, value]) => overrideAt(placeOf(['search', 'space', key]), key, value));
    return { ...common, system: drawName(index), keys, overrides: [...common.overrides, length, ...drawn] };
  });
}

function overrideAt(place: string, key: string, value: unknown): Override {
  const path = keyPath(key);
  if (path === undefined)
    throw new UsageError(`${place}: expected a config key such as loss.temperature or views.0.maxWeight, got "${key}"`);
  return { path, value, place };
}
