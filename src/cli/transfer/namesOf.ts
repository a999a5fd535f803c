import { basename, resolve, sep } from 'node:path';

/** Short names of paths that tell them apart: the last part, or as many as are needed, joined by `_`; fit for file names. */
export function namesOf(paths: readonly string[]): string[] {
  const parts = paths.map((path) => resolve(path).split(sep).filter(Boolean));
  const name = (own: readonly string[], count: number) =>
    own
      .slice(-count)
      .join('_')
      .replace(/\.safetensors$/, '')
      .replace(/[^\p{L}\p{N}._-]+/gu, '_');
  return parts.map((own, i) => {
    for (let count = 1; count < own.length; count++) {
      const candidate = name(own, count);
      if (parts.every((other, j) => j === i || name(other, count).toLowerCase() !== candidate.toLowerCase())) return candidate;
    }
    return name(own, own.length) || basename(paths[i]) || 'root';
  });
}
