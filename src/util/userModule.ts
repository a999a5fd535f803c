import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { errorText, UsageError } from './errors.js';
import { sha256 } from './hash.js';

/** Whether a name in a config means a module of the user's own: `./myLoss.mjs`, `../losses/mine.js`, `/home/me/loss.mjs`. */
export function isModuleName(name: unknown): name is string {
  return typeof name === 'string' && /\.(mjs|js)$/.test(name) && (/^\.{1,2}\//.test(name) || isAbsolute(name));
}

/** How a config names a module once it is resolved: where it is, what it was, and its own options. */
export const moduleKeys = {
  name: z.literal('module').describe('a module of your own: write its path as name (./mine.mjs) and its options beside it'),
  path: z.string().describe('absolute path of the module'),
  sha256: z.string().describe('of the file, as it was when the config was first read; another one is refused'),
  options: z.record(z.string(), z.unknown()).default({}).describe("the module's own options"),
};

/** What every module of the user's exports by default, beside its functions: its options as a strict zod object with its name in it. */
export interface UserDefinition {
  name: string;
  options: z.ZodObject;
}

const load = createRequire(import.meta.url);

/** The SHA-256 of a module's file. Throws UsageError where it cannot be read. */
export function moduleSha256(path: string): string {
  try {
    return sha256(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${path}: cannot read the module (${errorText(error)})`, { cause: error });
  }
}

/**
 * The default export of a module, whose functions are `functions`. Throws UsageError where the file is another than the checksum says,
 * cannot be loaded, or exports something else. Only the file itself is in the checksum, not what it imports.
 */
export function loadUserModule<Definition extends UserDefinition>(
  { path, sha256: expected }: { path: string; sha256: string },
  { kind, functions }: { kind: string; functions: readonly string[] },
): Definition {
  const got = moduleSha256(path);
  if (got !== expected) {
    throw new UsageError(
      `${path}: the module must be the one that was there before, of SHA-256 ${expected.slice(0, 12)}..., got ${got.slice(0, 12)}...; put it back, or start a new run with its path as name`,
    );
  }
  let found: unknown;
  try {
    found = (load(path) as { default?: unknown }).default;
  } catch (error) {
    throw new UsageError(`${path}: the module cannot be loaded: ${errorText(error)}`, { cause: error });
  }
  const definition = found as Partial<UserDefinition> & Record<string, unknown>;
  const isOne =
    typeof found === 'object' &&
    found !== null &&
    typeof definition.name === 'string' &&
    typeof definition.options?.safeParse === 'function' &&
    functions.every((name) => typeof definition[name] === 'function');
  if (!isOne) {
    throw new UsageError(
      `${path}: the module must export by default what define${kind} gives (name, options, ${functions.join(', ')}), got ${found === undefined ? 'no default export' : typeof found}`,
    );
  }
  return found as Definition;
}

/** The module's options with its defaults filled in, or what is wrong with them. */
export function parseModuleOptions({ name, options }: UserDefinition, given: Record<string, unknown>) {
  return options.safeParse({ ...given, name });
}

/** A module's definition by `loadModule`, and its own options with their defaults. Throws UsageError where the module has changed. */
export function openModule<Definition extends UserDefinition>(
  loadModule: (of: { path: string; sha256: string }) => Definition,
  module: { path: string; sha256: string; options: Record<string, unknown> },
): { definition: Definition; options: Record<string, unknown> } {
  const definition = loadModule(module);
  return { definition, options: parseModuleOptions(definition, module.options).data as Record<string, unknown> };
}

/** Options of a definition as they are kept in it: a strict object that has the module's name. */
export function moduleOptions(name: string, options: z.ZodRawShape): z.ZodObject {
  return z.strictObject({ name: z.literal(name), ...options }) as unknown as z.ZodObject;
}

/** A check for schemas: the module can be loaded and takes the options. */
export function checkModule<Definition extends UserDefinition>(loadModule: (of: { path: string; sha256: string }) => Definition) {
  return (value: { path: string; sha256: string; options: Record<string, unknown> }, context: z.RefinementCtx): void => {
    let definition: Definition;
    try {
      definition = loadModule(value);
    } catch (error) {
      context.addIssue({ code: 'custom', message: errorText(error), path: ['path'] });
      return;
    }
    for (const { message, path } of parseModuleOptions(definition, value.options).error?.issues ?? []) {
      context.addIssue({ code: 'custom', message, path: ['options', ...path] });
    }
  };
}

/**
 * `{name: './mine.mjs', sharpness: 2}` as the schemas want it: `{name: 'module', path, sha256, options: {sharpness: 2}}`; anything else as
 * it is. Relative paths are from `from`.
 */
export function resolveModule(section: unknown, from: string): unknown {
  if (typeof section !== 'object' || section === null || Array.isArray(section)) return section;
  const { name, ...options } = section as Record<string, unknown>;
  if (!isModuleName(name)) return section;
  const path = resolve(from, name);
  return { name: 'module', path, sha256: moduleSha256(path), options };
}
