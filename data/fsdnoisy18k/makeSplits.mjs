#!/usr/bin/env node
// Makes the split manifests in this folder from FSDnoisy18k's own train.csv and test.csv (no audio is needed):
//
//     npm run build && node data/fsdnoisy18k/makeSplits.mjs FSDNOISY18K [OUT]
//
// FSDNOISY18K is the data set's folder, or one with the two csv files alone. What is written is what a run with the protocol of the
// file's name gets: see SOURCE.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDataset } from '../../dist/data/loadDataset.js';
import { splitManifests } from '../../dist/data/splitManifests.js';

const [source, out = fileURLToPath(new URL('.', import.meta.url))] = process.argv.slice(2);
if (source === undefined) {
  console.error('makeSplits: give the folder of FSDnoisy18k: node data/fsdnoisy18k/makeSplits.mjs FSDNOISY18K [OUT]');
  process.exit(2);
}
const { clips } = await loadDataset(source, { format: 'fsdnoisy18k' });
for (const { protocol, csvText } of splitManifests(clips)) writeFileSync(join(out, `${protocol}.csv`), csvText);
