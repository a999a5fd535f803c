import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { sha256OfFile } from '../util/hash.js';

/** What tells whether a file is still the one that it was. */
export const fileMark = z.object({ bytes: z.int(), mtimeMs: z.number(), sha256: z.string() });
export type FileMark = z.infer<typeof fileMark>;

export async function markOf(path: string): Promise<FileMark> {
  const { size, mtimeMs } = await stat(path);
  return { bytes: size, mtimeMs, sha256: await sha256OfFile(path) };
}

/** A file of the same size and time is taken for the same; of the same size and another time, as a copy has, its checksum decides. */
export async function isMarked(path: string, { bytes, mtimeMs, sha256 }: FileMark): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || info.size !== bytes) return false;
  return info.mtimeMs === mtimeMs || (await sha256OfFile(path)) === sha256;
}
