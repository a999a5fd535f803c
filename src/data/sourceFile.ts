import { stat } from 'node:fs/promises';

/** What tells whether a recording changed since it was read. Both absent = the file is missing. */
export interface SourceFile {
  sourceBytes?: number;
  /** Whole milliseconds. */
  sourceMtimeMs?: number;
}

export async function sourceOf(path: string): Promise<SourceFile> {
  const info = await stat(path).catch(() => undefined);
  return info === undefined ? {} : { sourceBytes: info.size, sourceMtimeMs: Math.floor(info.mtimeMs) };
}

export function sameSource(a: SourceFile, b: SourceFile): boolean {
  return a.sourceBytes === b.sourceBytes && a.sourceMtimeMs === b.sourceMtimeMs;
}
