import { UsageError } from '../util/errors.js';
import { type Path, readYaml } from './readYaml.js';

/** One `--set a.b=c`, or a key that another file sets. */
export interface Override {
  path: Path;
  value: unknown;
  /** Where it was written, for messages: `--set a.b=c`, `sweep.yaml:3:5`. */
  place: string;
}

/** `loss.temperature=0.1`, `views.0.maxWeight=0.1`, `train.earlyStopping=null`, `train.earlyStopping={patience: 5}`: the value is YAML. */
export function parseOverride(text: string): Override {
  const equals = text.indexOf('=');
  const key = text.slice(0, equals).trim();
  const path = keyPath(key);
  if (equals < 0 || path === undefined)
    throw new UsageError(`--set ${text}: expected key.key=value, such as loss.temperature=0.1 or views.0.maxWeight=0.1`);
  const valueText = text.slice(equals + 1);
  if (valueText.trim() === '') throw new UsageError(`--set ${text}: no value after "="; write null to switch something off`);
  return { path, value: readYaml(valueText, `--set ${text}`).value, place: `--set ${text}` };
}

/** `views.0.maxWeight` -> `['views', 0, 'maxWeight']`; undefined where it is no path of keys. */
export function keyPath(key: string): Path | undefined {
  const steps = key.split('.');
  if (!steps.every((step) => /^[\w-]+$/.test(step)) || steps.includes('__proto__')) return undefined;
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

type Container = Record<string, unknown> | unknown[];

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/**
 * Puts an override's value into a config as read from a file (changed in place). What is not there on the way is made: an object, or,
 * where the config lets a list stand at its default, that list.
 */
export function applyOverride(config: Record<string, unknown>, defaults: unknown, { path, value, place }: Override): void {
  let target: Container = config;
  let targetDefault: unknown = defaults;
  path.forEach((step, depth) => {
    if (Array.isArray(target) && (typeof step !== 'number' || step > target.length))
      throw new UsageError(
        `${place}: ${path.slice(0, depth).join('.')} is a list of ${target.length}, expected a number from 0 to ${target.length} after it, got ${step}`,
      );
    const holder = target as Record<string | number, unknown>;
    if (depth === path.length - 1) {
      // Several runs of a sweep share the value; a later override must not reach into it.
      holder[step] = structuredClone(value);
      return;
    }
    targetDefault = isContainer(targetDefault) ? (targetDefault as Record<string | number, unknown>)[step] : undefined;
    const there = holder[step] ?? null;
    if (there !== null && !isContainer(there))
      throw new UsageError(`${place}: ${path.slice(0, depth + 1).join('.')} is ${JSON.stringify(there)}, which has no keys`);
    if (there === null) holder[step] = Array.isArray(targetDefault) ? structuredClone(targetDefault) : {};
    target = holder[step] as Container;
  });
}
