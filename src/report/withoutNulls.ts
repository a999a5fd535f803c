/** A config without what is off (null), at any depth: a key younger than the version that wrote a config is missing there, and means the same. */
export function withoutNulls(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const given = Object.entries(value).filter(([, own]) => own !== null);
  return Object.fromEntries(given.map(([key, own]) => [key, withoutNulls(own)]));
}
