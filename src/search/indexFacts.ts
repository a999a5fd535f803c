import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { fileMark } from './fileMark.js';

/** How an index is made and asked. See docs/embeddings.md for the measurements that chose it. */
export const indexSettings = { quantization: 'f16', connectivity: 16, expansionAdd: 128, expansionSearch: 256 } as const;

/** What stands beside an index, in INDEX.json. */
const indexFacts = z.object({
  schemaVersion: z.literal(1),
  program: z.literal('audiossl'),
  version: z.string(),
  embeddings: fileMark,
  index: fileMark,
  rows: z.int(),
  dim: z.int(),
  settings: z.record(z.string(), z.union([z.string(), z.number()])),
  recall: z.object({
    /** How many rows of the file were asked for. */
    rows: z.int(),
    seed: z.int(),
    /** Share of the `top` nearest that were found. */
    at: z.array(z.object({ top: z.int(), share: z.number() })),
  }),
});
export type IndexFacts = z.infer<typeof indexFacts>;

export const factsPath = (index: string): string => `${index}.json`;

/** Undefined where there are none that can be read. */
export async function readIndexFacts(index: string): Promise<IndexFacts | undefined> {
  try {
    return indexFacts.safeParse(JSON.parse(await readFile(factsPath(index), 'utf8'))).data;
  } catch {
    return undefined;
  }
}
