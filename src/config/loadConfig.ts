import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { energyLogBase } from '../audio/energyLogBase.js';
import { errorText, UsageError } from '../util/errors.js';
import { isModuleName, resolveModule } from '../util/userModule.js';
import { type ConfigCommand, withCommandDefaults } from './commandDefaults.js';
import { configSchema, type ResolvedConfig } from './configSchema.js';
import { explainIssue, type Problem } from './explainIssue.js';
import { applyOverride, type Override, parseOverride } from './overrides.js';
import { type Path, readYaml, type YamlText } from './readYaml.js';

/**
 * The config of a run: defaults, then the YAML file, then the overrides (`loss.temperature=0.1`, in order).
 * An override that another file sets is given as path, value and place.
 * A file holds only what differs; what is wrong in it is told in one line with file, line and column (UsageError, exit code 2).
 *
 * @example
 * ```ts
 * import { loadConfig } from 'audiossl';
 * const { train, encoder } = loadConfig({ overrides: ['train.epochs=20', 'encoder.name=vgg'] });
 * [train.epochs, encoder.name]; // => [20, 'vgg']
 * ```
 */
export function loadConfig({
  file,
  overrides = [],
  command = 'pretrain',
}: {
  file?: string;
  overrides?: readonly (string | Override)[];
  /** Whose defaults fill what the file leaves out; a run's own config.yaml leaves nothing out. */
  command?: ConfigCommand;
} = {}): ResolvedConfig {
  const text = file === undefined ? undefined : readConfigFile(file);
  const config = text?.value ?? {};
  if (typeof config !== 'object' || Array.isArray(config))
    throw new UsageError(`${file}:1:1: expected keys with values, such as "seed: 1", got ${JSON.stringify(config)}`);
  const defaults = configSchema.parse(withCommandDefaults({}, command));
  const inFile = structuredClone(config) as Record<string, unknown>;
  const parsedOverrides = overrides.map((override) => (typeof override === 'string' ? parseOverride(override) : override));
  for (const override of parsedOverrides) applyOverride(config as Record<string, unknown>, defaults, override);
  resolveModules(config as Record<string, unknown>, inFile, file);
  nameTheKind(config as Record<string, unknown>, defaultsOfMethod(config as Record<string, unknown>, command) ?? defaults);

  const whole = withCommandDefaults(config as Record<string, unknown>, command);
  const parsed = configSchema.safeParse(whole, { reportInput: true });
  if (parsed.success) return withEnergyBase(parsed.data);
  const problems = parsed.error.issues.flatMap((issue) => explainIssue(configSchema, whole, issue));
  throw new UsageError(describeProblems(problems, { file, text, inFile, overrides: parsedOverrides }));
}

/** Mix-back works on energies: what base they have follows from the front end, unless the config says it. */
function withEnergyBase(config: ResolvedConfig): ResolvedConfig {
  const logBase = energyLogBase(config.frontEnd);
  const isMixing = (view: ResolvedConfig['views'][number]) => view.name === 'mixBack' || view.name === 'backgroundMix';
  return { ...config, views: config.views.map((view) => (isMixing(view) ? { ...view, logBase: view.logBase ?? logBase } : view)) };
}

function readConfigFile(file: string): YamlText {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: cannot read the config (${errorText(error)})`, { cause: error });
  }
  return readYaml(content, file);
}

/** Modules of the user's own in place of names: relative paths of a file are from its folder, those of overrides from where the program runs. */
function resolveModules(config: Record<string, unknown>, inFile: Record<string, unknown>, file: string | undefined): void {
  const resolved = (section: unknown, written: unknown): unknown => {
    const name = (of: unknown) => (of as { name?: unknown } | null | undefined)?.name;
    const isFromFile = file !== undefined && name(section) === name(written);
    return resolveModule(section, isFromFile ? dirname(file) : process.cwd());
  };
  for (const key of ['loss', 'encoder']) if (Object.hasOwn(config, key)) config[key] = resolved(config[key], inFile[key]);
  const { data, views } = config;
  if (typeof data === 'object' && data !== null) {
    const asSection = (format: unknown) => (isModuleName(format) ? { name: format } : format);
    const formatOf = (of: unknown) => asSection((of as { format?: unknown } | null | undefined)?.format);
    const format = formatOf(data);
    if (typeof format === 'object') config.data = { ...data, format: resolved(format, formatOf(inFile.data)) };
  }
  const written = Array.isArray(inFile.views) ? (inFile.views as unknown[]) : [];
  if (Array.isArray(views)) config.views = views.map((view, i) => resolved(view, written[i]));
}

/** The defaults beside the method that a config names: another loss, another encoder. Undefined where it names none that there is. */
function defaultsOfMethod({ method }: Record<string, unknown>, command: ConfigCommand): ResolvedConfig | undefined {
  return configSchema.safeParse(withCommandDefaults(method === undefined ? {} : { method }, command)).data;
}

/** `loss: {temperature: 0.1}` means the default loss: a part of several kinds has the default kind where no name is given. */
function nameTheKind(config: Record<string, unknown>, defaults: ResolvedConfig): void {
  for (const [key, section] of Object.entries(defaults)) {
    const given = config[key];
    if (typeof section !== 'object' || !('name' in section) || typeof given !== 'object' || given === null || Array.isArray(given))
      continue;
    if (!Object.hasOwn(given, 'name')) config[key] = { name: section.name, ...given };
  }
}

function hasPath(value: unknown, path: Path): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return true;
  return typeof value === 'object' && value !== null && step in value && hasPath((value as Record<string | number, unknown>)[step], rest);
}

interface Origin {
  file?: string;
  text?: YamlText;
  /** What the file says, without the overrides. */
  inFile: unknown;
  overrides: readonly Override[];
}

const startsWith = (path: Path, start: Path): boolean => start.every((step, i) => String(step) === String(path[i]));

/** The first problem as one line, and how many more there are. */
function describeProblems(problems: readonly Problem[], { file, text, inFile, overrides }: Origin): string {
  const [{ path, message }] = problems;
  const latestFirst = [...overrides].reverse();
  const override =
    latestFirst.find((candidate) => startsWith(path, candidate.path)) ??
    // A key on the way to an override's own: `trian` of trian.epochs=5.
    (hasPath(inFile, path) ? undefined : latestFirst.find((candidate) => startsWith(candidate.path, path)));
  const place = override ? override.place : file === undefined || text === undefined ? 'config' : `${file}:${text.locate(path)}`;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `${place}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}${more}`;
}
