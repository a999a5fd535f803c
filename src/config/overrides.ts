import { UsageError } from '../util/errors.js';
import { type Path, readYaml } from './readYaml.js';

/** One `--set a.b=c`. */
export interface Override {
  path: Path;
  value: unknown;
  /** As it was typed, for messages. */
  text: string;
}

/** `loss.temperature=0.1`, `views.0.maxWeight=0.1`, `train.earlyStopping=null`, `train.earlyStopping={patience: 5}`: the value is YAML. */
export function parseOverride(text: string): Override {
  const equals = text.indexOf('=');
  const key = text.slice(0, equals).trim();
  if (equals < 0 || !/^[\w-]+(\.[\w-]+)*$/.test(key) || key.split('.').includes('__proto__'))
    throw new UsageError(`--set ${text}: expected key.key=value, such as loss.temperature=0.1 or views.0.maxWeight=0.1`);
  const valueText = text.slice(equals + 1);
  if (valueText.trim() === '') throw new UsageError(`--set ${text}: no value after "="; write null to switch something off`);
  const path = key.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return { path, value: readYaml(valueText, `--set ${text}`).value, text };
}

type Container = Record<string, unknown> | unknown[];

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/**
 * Puts an override's value into a config as read from a file (changed in place). What is not there on the way is made: an object, or,
 * where the config lets a list stand at its default, that list.
 */
export function applyOverride(config: Record<string, unknown>, defaults: unknown, { path, value, text }: Override): void {
  let target: Container = config;
  let targetDefault: unknown = defaults;
  path.forEach((step, depth) => {
    if (Array.isArray(target) && (typeof step !== 'number' || step > target.length))
      throw new UsageError(
        `--set ${text}: ${path.slice(0, depth).join('.')} is a list of ${target.length}, expected a number from 0 to ${target.length} after it, got ${step}`,
      );
    const holder = target as Record<string | number, unknown>;
    if (depth === path.length - 1) {
      holder[step] = value;
      return;
    }
    targetDefault = isContainer(targetDefault) ? (targetDefault as Record<string | number, unknown>)[step] : undefined;
    const there = holder[step] ?? null;
    if (there !== null && !isContainer(there))
      throw new UsageError(`--set ${text}: ${path.slice(0, depth + 1).join('.')} is ${JSON.stringify(there)}, which has no keys`);
    if (there === null) holder[step] = Array.isArray(targetDefault) ? structuredClone(targetDefault) : {};
    target = holder[step] as Container;
  });
}
