import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeAudio } from '../../src/audio/decodeAudio.js';
import { readTable } from '../../src/data/readTable.js';
import { AudiosslError } from '../../src/util/errors.js';
import { oddRecordings } from '../support/oddRecordings.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { attemptAudio, attemptTable } from './attempt.mjs';
import { dice, mutate } from './mutate.mjs';
import { tables } from './tables.mjs';

const modules = { decodeAudio, readTable, AudiosslError };
const ogg = readFileSync(fileURLToPath(new URL('../../data/esc10/audio/1-100032-A.ogg', import.meta.url)));
const recordings = [...oddRecordings.map(({ bytes }) => Buffer.from(bytes.subarray(0, 4000))), ogg.subarray(0, 12_000)];

// A slice of what test/fuzz/run.mjs does a hundred thousand times, always the same one.
describe('mutated inputs give a result that makes sense or an AudiosslError of one line', () => {
  it('recordings', async () => {
    const counts = { decoded: 0, refused: 0 };
    for (let index = 0; index < 400; index++) {
      const roll = dice(7_000_003 + index);
      const bytes = mutate(recordings[roll(recordings.length)], roll, recordings);
      counts[await attemptAudio(bytes, index % 2 === 1, modules)]++;
    }
    // Neither all nor none get through, a sixteenth of each at least: the changes go deep enough.
    expect(Math.min(counts.decoded, counts.refused)).toBeGreaterThan(400 / 16);
  });

  it('tables', async () => {
    const path = join(temporaryFolder(), 'table.csv');
    const counts = { decoded: 0, refused: 0 };
    for (let index = 0; index < 300; index++) {
      const roll = dice(8_000_003 + index);
      await writeFile(path, mutate(tables[roll(tables.length)], roll, tables));
      counts[await attemptTable(path, modules)]++;
    }
    expect(Math.min(counts.decoded, counts.refused)).toBeGreaterThan(20);
  });
});
