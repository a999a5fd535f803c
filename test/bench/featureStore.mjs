/**
 * How fast a feature store is built, and how much memory that takes: prints a JSON line a run.
 *
 *     npm run build && node test/bench/featureStore.mjs [clips=20000] [workers=1,2] [dtype=float32]
 *
 * Links the recordings of the FSDnoisy18k slice again and again up to that many names, so the files are real and the page cache warm.
 * `timesRealTime` is seconds of sound by seconds of work, workers' start included; `peakMiB` the largest resident size of the process.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const data = process.env.AUDIOSSL_TEST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const source = join(data, 'fsdnoisy18k_slice', 'FSDnoisy18k.audio_train');
const [numClips = '20000', workers = '1,2', dtype = 'float32'] = process.argv.slice(2);

const dir = mkdtempSync(join(tmpdir(), 'audiossl-bench-'));
const names = readdirSync(source);
mkdirSync(join(dir, 'data'));
for (let i = 0; i < Number(numClips); i++)
  symlinkSync(join(source, names[i % names.length]), join(dir, 'data', `${String(i).padStart(6, '0')}.wav`));

// Each run in a process of its own, so that the peak is its own.
const script = `
  const [dir, out, numWorkers, dtype] = process.argv.slice(1);
  const at = ${JSON.stringify(new URL('../../dist/', import.meta.url).href)};
  const { loadDataset } = await import(at + 'data/loadDataset.js');
  const { buildFeatureStore } = await import(at + 'data/buildFeatureStore.js');
  const { FeatureStore } = await import(at + 'data/FeatureStore.js');
  const { resolveFrontEnd } = await import(at + 'audio/frontEnd.js');
  const start = performance.now();
  const { numClips } = await buildFeatureStore({ dataset: await loadDataset(dir), frontEnd: resolveFrontEnd(), out, dtype, numWorkers: Number(numWorkers) });
  const seconds = (performance.now() - start) / 1000;
  const store = await FeatureStore.open(out);
  const sound = store.clips.reduce((sum, clip) => sum + clip.numSamples / clip.sampleRate, 0);
  await store.close();
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ numClips, numWorkers: Number(numWorkers), dtype, seconds, soundSeconds: sound, timesRealTime: sound / seconds, peakMiB }));`;
for (const numWorkers of workers.split(',')) {
  const out = join(dir, `store${numWorkers}`);
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, join(dir, 'data'), out, numWorkers, dtype], {
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  rmSync(out, { recursive: true, force: true });
}
rmSync(dir, { recursive: true });
