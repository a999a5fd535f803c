#!/usr/bin/env node
// One process of features.mjs: ours.mjs SECONDS [--parts] FILE...; waits for a line on standard input, prints a JSON line a file.
import { once } from 'node:events';
import { basename } from 'node:path';
import { frontEndEngine } from '../../../dist/audio/frontEndAddon.js';
import { resolveFrontEnd } from '../../../dist/audio/frontEnd.js';
import { logMel } from '../../../dist/audio/logMel.js';
import { mixDown } from '../../../dist/audio/mixDown.js';
import { normaliseClip } from '../../../dist/audio/normaliseClip.js';
import { readAudio } from '../../../dist/audio/readAudio.js';
import { resample } from '../../../dist/audio/resample.js';
import { clipFeatures } from '../../../dist/data/clipFeatures.js';
import { clipSums } from '../../../dist/data/clipStatistics.js';
import { median } from './table.mjs';

const withParts = process.argv.includes('--parts');
const [seconds, ...files] = process.argv.slice(2).filter((argument) => argument !== '--parts');
const frontEnd = resolveFrontEnd();

/** Median milliseconds of a call, over `seconds`. */
const timeOf = async (work) => (await timesOf(work)).elapsed;

/** That, and the least processor time that one took. */
async function timesOf(work) {
  await work();
  const times = [];
  let processor = Number.POSITIVE_INFINITY;
  const end = performance.now() + 1000 * Number(seconds);
  while (performance.now() < end || times.length < 3) {
    const start = performance.now();
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    processor = Math.min(processor, (user + system) / 1000);
    times.push(performance.now() - start);
  }
  return { elapsed: median(times), processor };
}

async function partsOf(file, sampleRate) {
  const { channels } = await readAudio(file);
  const mono = mixDown(channels);
  const resampled = resample(mono, { from: sampleRate, to: frontEnd.sampleRate });
  const levelled = normaliseClip(resampled);
  const { data } = logMel(levelled, frontEnd);
  return {
    decode: await timeOf(() => readAudio(file)),
    resample: await timeOf(() => resample(mono, { from: sampleRate, to: frontEnd.sampleRate })),
    normalise: await timeOf(() => normaliseClip(resampled)),
    logMel: await timeOf(() => logMel(levelled, frontEnd)),
    sums: await timeOf(() => clipSums(data, frontEnd.nMels)),
  };
}

process.stdout.write('ready\n');
await once(process.stdin, 'data');
for (const file of files) {
  const sampleRate = Number(basename(file, '.wav'));
  const { name, instructionSet } = frontEndEngine();
  const { elapsed, processor } = await timesOf(() => clipFeatures(file, { frontEnd, dtype: 'float32', salvage: false }));
  const parts = withParts ? { parts: await partsOf(file, sampleRate) } : {};
  console.log(JSON.stringify({ sampleRate, rate: 30_000 / elapsed, processorRate: 30_000 / processor, engine: name, instructionSet, ...parts }));
}
process.stdin.destroy();
