import { appendFile } from 'node:fs/promises';
import { z } from 'zod';
import { AudiosslError } from '../util/errors.js';
import { jsonLine, parseJsonLines } from '../util/jsonLines.js';
import { readTextIfThere } from './readTextIfThere.js';
import type { RunFolder } from './runFolder.js';

/** One look at the test split. Selection reads validation only; the reader of a report sees here how often the test clips were used. */
export const testAccessRecord = z.strictObject({
  time: z.string().describe('ISO 8601'),
  command: z.array(z.string()),
  protocol: z.string(),
  checkpoint: z.string(),
  checkpointSha256: z.string(),
  seed: z.int().min(0),
  numClips: z.int().min(0),
  evaluation: z.string().describe('name of the evaluation that this access was for'),
});
export type TestAccessRecord = z.infer<typeof testAccessRecord>;

/** Appends one line. Call it before the test clips are read, so that an evaluation that fails half-way is counted as well. */
export async function appendTestAccess(run: RunFolder, record: TestAccessRecord): Promise<void> {
  await appendFile(run.testAccess, jsonLine(testAccessRecord.parse(record)), { flush: true });
}

/** All of them, oldest first; none where the file is absent. */
export async function readTestAccess(run: RunFolder): Promise<TestAccessRecord[]> {
  const text = await readTextIfThere(run.testAccess);
  if (text === undefined) return [];
  return parseJsonLines(text, run.testAccess).values.map((value, i) => {
    const parsed = testAccessRecord.safeParse(value);
    if (parsed.success) return parsed.data;
    const what = z.prettifyError(parsed.error).replace(/\s*\n\s*/g, ' ');
    throw new AudiosslError(`readTestAccess: ${run.testAccess}: record ${i + 1}: ${what}`);
  });
}
