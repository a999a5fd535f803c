/** Longest label of one value: a name must fit a folder name with room for what follows. */
const MAX_LABEL = 60;

/**
 * Labels of the grid's keys: the last step of each, or as many steps as tell it from the other keys. A key that ends in `name` is told by
 * its values alone: `encoder.name` -> ''.
 */
export function keyLabels(keys: readonly string[]): Map<string, string> {
  const suffix = (key: string, length: number) => key.split('.').slice(-length).join('.');
  return new Map(
    keys.map((key) => {
      let length = 1;
      while (suffix(key, length) !== key && keys.some((other) => other !== key && suffix(other, length) === suffix(key, length))) length++;
      const label = suffix(key, length);
      return [key, label === 'name' ? '' : label];
    }),
  );
}

/** `contrastiveWeight` and 0.3 -> `contrastiveWeight0.3`, `marginOn` and `embedding` -> `marginOnEmbedding`. */
export function settingLabel(keyLabel: string, value: unknown): string {
  const text = valueLabel(value);
  return keyLabel === '' ? text : `${keyLabel}${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function valueLabel(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueLabel).join('_');
  if (typeof value === 'object' && value !== null) {
    const { name, ...rest } = value as Record<string, unknown>;
    return [
      ...(name === undefined ? [] : [valueLabel(name)]),
      ...Object.entries(rest).map(([key, inner]) => settingLabel(key, inner)),
    ].join('_');
  }
  return fileSafe(String(value));
}

/** Letters, digits, `.`, `_` and `-` (as a sign) stay. */
export function fileSafe(text: string): string {
  const safe = text.replace(/[^A-Za-z0-9._-]+/g, '_');
  return safe.length <= MAX_LABEL ? safe : safe.slice(0, MAX_LABEL);
}

/** `contrastiveWeight1-fold2-seed0`. */
export function runName({ system, fold, seed }: { system: string; fold?: string; seed: number }): string {
  return [system, ...(fold === undefined ? [] : [`fold${fileSafe(fold)}`]), `seed${seed}`].join('-');
}
