import type { ConfigInput } from './configSchema.js';

/** The commands that a config is read for. */
const configCommands = ['pretrain', 'train'] as const;
export type ConfigCommand = (typeof configCommands)[number];

/**
 * What a command's defaults are where they are not the schema's, which are pretraining's. Train: the authors' supervised setting on their
 * own network and front end, but the best checkpoint chosen by validation accuracy.
 */
export const commandDefaults: Record<ConfigCommand, ConfigInput> = {
  pretrain: {},
  train: {
    data: { patchFrames: 100, standardisation: 'perBand' },
    frontEnd: { preset: 'aclSupervised' },
    views: [],
    encoder: { name: 'supCnn' },
    method: { name: 'supervised' },
    loss: { name: 'crossEntropyMargin' },
    optimizer: { name: 'adam', learningRate: 0.001, weightDecay: 0.001 },
    schedule: { name: 'plateau' },
    train: { epochs: 99, batchSize: 64, patches: 'grid' },
  },
};

type Section = Record<string, unknown>;

const isSection = (value: unknown): value is Section => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of parts of several kinds, what tells the kind. */
const kindKeys = ['name', 'preset'];

/** What the defaults of a method are where they are not those of the command: what it cannot do without, by its paper. */
export const methodDefaults: Partial<Record<string, ConfigInput>> = {
  supervisedContrastive: { loss: { name: 'supCon' } },
  mocoV2: { loss: { name: 'infoNce' } },
  mocoV3: { loss: { name: 'infoNce' } },
  byol: { loss: { name: 'infoNce', beta: 0, temperature: 0.5 } },
  memoryBank: { loss: { name: 'nce', temperature: 0.07 } },
  cmc: { encoder: { name: 'twoView' }, loss: { name: 'infoNce' } },
};

/**
 * The defaults of the command, and of the method that a config names, with what the config says over them, for the schema to fill up. A
 * given list replaces the default one whole, and so does a part of another kind (`optimizer: {name: sgd}` has nothing of the default Adam).
 */
export function withCommandDefaults(config: Section, command: ConfigCommand): Section {
  // A config of labels is one for `train`, also where it is read without a command or was written before there were methods.
  if (isSection(config.loss) && config.loss.name === 'crossEntropyMargin' && config.method === undefined)
    return withCommandDefaults({ ...config, method: { name: 'supervised' } }, command);
  const method = isSection(config.method) ? methodDefaults[String(config.method.name)] : undefined;
  return merge(merge(commandDefaults[command], method ?? {}), config);
}

function merge(defaults: Section, given: Section): Section {
  const isOtherKind = kindKeys.some((key) => key in defaults && key in given && defaults[key] !== given[key]);
  if (isOtherKind) return given;
  // From entries: a key named __proto__ must reach the schema, which refuses it, and not the object's prototype.
  return Object.fromEntries([
    ...Object.entries(defaults).filter(([key]) => !Object.hasOwn(given, key)),
    ...Object.entries(given).map(([key, value]) => {
      const other = Object.hasOwn(defaults, key) ? defaults[key] : undefined;
      return [key, isSection(other) && isSection(value) ? merge(other, value) : value];
    }),
  ]);
}
