import { isAbsolute, join, posix } from 'node:path';
import { z } from 'zod';
import { errorText, UsageError } from '../util/errors.js';
import { checkModule, loadUserModule, moduleKeys, moduleOptions, openModule, type UserDefinition } from '../util/userModule.js';
import { type Clip, type Dataset, indexLabels, splitNames } from './clip.js';

const text = z.string().trim().min(1);

/** A recording as a module lists it: where it is below the data folder, '/' separated, and what is known of it. */
const listedClip = z.strictObject({
  path: text,
  label: text.optional(),
  split: z.enum(splitNames).optional(),
  fold: z.union([text, z.number().int()]).transform(String).optional(),
  group: text.optional(),
  isVerified: z.boolean().optional(),
});
export type ListedClip = z.input<typeof listedClip>;

/** A data set of the user's own. */
export interface DatasetDefinition<Options = Record<string, unknown>> extends UserDefinition {
  /** The recordings that belong to the set, in any order. `dir` is the absolute data folder. */
  clips(dir: string, options: Options): Iterable<ListedClip> | Promise<Iterable<ListedClip>>;
}

/**
 * Puts a data set together, for a module that a config names (`data.format: ./mySet.mjs`): `options` are the keys beside `name`.
 *
 * @example
 * ```ts
 * import { defineDataset, z } from 'audiossl';
 * const birds = defineDataset({
 *   name: 'birds',
 *   options: { year: z.int().default(2026).describe('of the recordings') },
 *   clips: (dir, { year }) => [{ id: 'a.wav', path: `${dir}/${year}/a.wav`, label: 'wren' }],
 * });
 * birds.clips('/birds', { year: 2025 }); // => [{ id: 'a.wav', path: '/birds/2025/a.wav', label: 'wren' }]
 * ```
 */
export function defineDataset<Shape extends z.ZodRawShape>({
  name,
  options,
  clips,
}: {
  name: string;
  options: Shape;
  clips: DatasetDefinition<z.output<z.ZodObject<Shape>>>['clips'];
}): DatasetDefinition<z.output<z.ZodObject<Shape>>> {
  return { name, options: moduleOptions(name, options), clips };
}

const loadDatasetModule = (of: { path: string; sha256: string }) =>
  loadUserModule<DatasetDefinition>(of, { kind: 'Dataset', functions: ['clips'] });

export const moduleDatasetOptions = z.strictObject(moduleKeys).superRefine(checkModule(loadDatasetModule));
export type ModuleDataset = z.infer<typeof moduleDatasetOptions>;

/**
 * What a module says about the recordings in `dir`; `files` are those that are there. Throws UsageError naming the module and the clip
 * for a list that makes no sense, and where the module has changed.
 */
export async function loadModuleDataset({
  dir,
  files,
  module,
}: {
  dir: string;
  files: readonly string[];
  module: ModuleDataset;
}): Promise<Dataset> {
  const { definition, options } = openModule(loadDatasetModule, module);
  const who = `loadDataset: ${module.path}`;
  let listed: ListedClip[];
  try {
    listed = [...(await definition.clips(dir, options))];
  } catch (error) {
    throw new UsageError(`${who}: clips() failed: ${errorText(error)}`, { cause: error });
  }
  if (listed.length === 0) throw new UsageError(`${who}: clips() must list at least one recording of ${dir}, got none`);
  const clips = listed.map((given, i) => checkClip(given, { dir, who: `${who}: clip ${i + 1}` }));
  const ids = new Set<string>();
  for (const { id } of clips) {
    if (ids.has(id)) throw new UsageError(`${who}: every recording must be listed once, got ${id} twice`);
    ids.add(id);
  }
  const onDisk = new Set(files);
  const classNames = indexLabels(clips);
  const missing = clips.flatMap(({ id }) => (onDisk.has(id) ? [] : id));
  const isMetadataOnly = missing.length === clips.length;
  const unlisted = files.filter((file) => !ids.has(file));
  const notes = [`read by ${definition.name} (${module.path}): ${clips.length} clips, ${classNames.length} classes`];
  if (isMetadataOnly) notes.push(`metadata only: none of the files listed is in ${dir}, the first is ${clips[0].id}`);
  else if (missing.length > 0) notes.push(`${missing.length} listed clips have no file, the first is ${missing[0]}`);
  if (unlisted.length > 0) notes.push(`${unlisted.length} files are not listed and are left out, the first is ${unlisted[0]}`);
  return { dir, kind: 'module', clips, classNames, notes, missing: isMetadataOnly ? [] : missing, unlisted, isMetadataOnly };
}

function checkClip(given: unknown, { dir, who }: { dir: string; who: string }): Clip {
  const parsed = listedClip.safeParse(given, { reportInput: true });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    if (issue.code === 'unrecognized_keys')
      throw new UsageError(`${who}: unknown key ${issue.keys[0]}; known: ${Object.keys(listedClip.shape).join(', ')}`);
    const [key] = issue.path;
    const others: Record<PropertyKey, string> = { isVerified: 'true or false', split: splitNames.join(' or ') };
    const what = key === undefined ? 'an object with a path' : (others[key] ?? 'a text');
    throw new UsageError(
      `${who}: ${key === undefined ? 'it' : String(key)} must be ${what}, got ${JSON.stringify(issue.input) ?? 'nothing'}`,
    );
  }
  const { path, ...known } = parsed.data;
  const id = posix.normalize(path);
  if (isAbsolute(path) || id === '..' || id.startsWith('../'))
    throw new UsageError(`${who}: path must be below the data folder, '/' separated, got ${path}`);
  return { id, path: join(dir, id), ...known };
}
