import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { writeParquetEmbeddings } from '../../src/embed/parquetEmbeddings.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
// A virtual environment with pandas, pyarrow, polars and duckdb; Debian's Python has none of them.
const python = process.env.PEER_PYTHON ?? '/usr/bin/python3';
const hasReaders = spawnSync(python, ['-c', 'import pandas, pyarrow, polars, duckdb']).status === 0;

test.skipIf(!hasReaders)(
  'the lines of docs/embeddings.md make a matrix of a parquet file in pandas, polars and DuckDB (needs PEER_PYTHON with them)',
  async () => {
    const numRows = 1003;
    const values = Float32Array.from({ length: numRows * 512 }, (_, i) => Math.sin(i));
    await writeParquetEmbeddings(join(folder, 'all.parquet'), {
      ids: Array.from({ length: numRows }, (_, i) => `${i}.wav`),
      timestamps: new Float64Array(numRows),
      ...{ dim: 512, meta: '{}' },
      readRows: async (first, count) => values.slice(first * 512, (first + count) * 512),
    });
    const page = readFileSync(fileURLToPath(new URL('../../docs/embeddings.md', import.meta.url)), 'utf8');
    const lines = /```python\n(import duckdb[\s\S]*?)```/.exec(page)?.[1] ?? '';
    const program = lines.replaceAll(/^x = .*$/gm, (line) => `${line}\nprint(x.dtype, x.shape, hashlib.sha256(x.tobytes()).hexdigest())`);
    const { stdout, stderr } = spawnSync(python, ['-c', `import hashlib\n${program}`], { cwd: folder, encoding: 'utf8' });
    const { createHash } = await import('node:crypto');
    const line = `float32 (${numRows}, 512) ${createHash('sha256').update(values).digest('hex')}`;
    expect(stdout.trim().split('\n'), stderr).toEqual([line, line, line]);
  },
);
