// One process of search.mjs: seconds a question, from disk and in memory, and what was found.
import { parseArgs } from 'node:util';
import { createSearch, nearestRows, readEmbeddings, rowBlocks, setBackend } from '../../../dist/index.js';

const { values: options } = parseArgs({
  options: { file: { type: 'string' }, queries: { type: 'string' }, threads: { type: 'string' } },
});
await setBackend({ threads: Number(options.threads) });
const file = await readEmbeddings(options.file);
const numQueries = Number(options.queries);
const queries = await file.readRows(7, numQueries);
const best = async (times, work) => {
  let least = Number.POSITIVE_INFINITY;
  let result;
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    result = await work();
    least = Math.min(least, (performance.now() - start) / 1000);
  }
  return { least, result };
};
const disk = await best(2, () => nearestRows(rowBlocks(file), queries, { dim: file.dim, top: 10 }));
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
const search = await createSearch(file);
const memory = await best(3, () => search.nearest(queries, { top: 10 }));
const found = memory.result.map((neighbours) => neighbours.map(({ row }) => row));
process.stdout.write(JSON.stringify({ disk: disk.least, memory: memory.least, peakMiB, found }));
