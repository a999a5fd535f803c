import { createRequire } from 'node:module';
import type { parse } from 'csv-parse/sync';

const require = createRequire(import.meta.url);

/** The parser of csv tables, loaded at the first call: who only imports audiossl does not pay for its 30 files. */
export const csvRecords = ((...given: Parameters<typeof parse>) =>
  (require('csv-parse/sync') as { parse: typeof parse }).parse(...given)) as typeof parse;
