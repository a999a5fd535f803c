import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { writeParquetEmbeddings } from '../../src/embed/parquetEmbeddings.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();

// A row group holds 1,000 rows: none, one that is not full, one just full, two and a piece.
test.each([
  [0, []],
  [1, [1]],
  [1000, [1000]],
  [2003, [1000, 1000, 3]],
])('%i rows come back from the file, each with its clip, time and values', async (numRows, groups) => {
  const path = join(folder, `${numRows}.parquet`);
  const rows = Array.from({ length: numRows }, (_, i) => ({
    clip: `träger/${i >> 1}.wav`,
    timestamp: 1.25 * i,
    embedding: [i, -i / 4, 0.5],
  }));
  const asked: [number, number][] = [];
  await writeParquetEmbeddings(path, {
    ids: rows.map(({ clip }) => clip),
    timestamps: Float64Array.from(rows, ({ timestamp }) => timestamp),
    dim: 3,
    meta: '{"rows":"as told"}',
    async readRows(first, count) {
      asked.push([first, count]);
      return Float32Array.from(rows.slice(first, first + count).flatMap(({ embedding }) => embedding));
    },
  });
  const file = await asyncBufferFromFile(path);
  expect(await parquetReadObjects({ file })).toEqual(rows);
  // Bounded memory: no more than a row group at a time.
  expect(Math.max(0, ...asked.map(([, count]) => count))).toBeLessThanOrEqual(1000);
  const { key_value_metadata: meta, row_groups } = await parquetMetadataAsync(file);
  expect(row_groups.map(({ num_rows }) => Number(num_rows))).toEqual(groups);
  expect(meta?.find(({ key }) => key === 'audiossl')?.value).toBe('{"rows":"as told"}');
});
