// A rank of a run in which something goes wrong, or of one that goes on after it: a process of test/parallel/failOnRanks.test.ts. Arguments:
// the store, the folder of the runs, and jobs as JSON: [{ run, rank, size, port, timeoutSeconds, from, failure, network }].
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { useAddon } from '../../dist/backend/libtorch/loadAddon.js';
import { setBackend } from '../../dist/backend/setBackend.js';
import { reportError } from '../../dist/cli/reportError.js';
import { loadConfig } from '../../dist/config/loadConfig.js';
import { FeatureStore } from '../../dist/data/FeatureStore.js';
import { joinRanks } from '../../dist/parallel/RankGroup.js';
import { pretrain } from '../../dist/train/pretrain.js';

const [store, folder, jobs] = process.argv.slice(2);
const config = loadConfig({
  overrides: [
    ...['encoder={name: resnet18, width: 16}', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=16'],
    // Three steps an epoch, each with a checkpoint behind it.
    ...['train.epochs=2', 'train.batchSize=6', 'train.checkpointSeconds=0.000001', 'loss.name=ntXent'],
  ],
});
const hang = () => process.kill(process.pid, 'SIGSTOP');

/** What befalls which rank after so many steps. */
const failures = {
  // Amid a step of the second epoch, or of the look before it.
  rankHangs: { rank: 1, reading: ({ reads }) => reads === 12 && hang() },
  // While rank 0 scores what all have embedded: the others only ask the store, which is in it.
  firstHangs: { rank: 0, scoring: ({ steps }) => steps === 3 && hang() },
  diskFills: { rank: 0, stepping: ({ steps, out }) => steps === 4 && fill(join(out, 'other')) },
  networkEnds: { rank: 0, stepping: ({ steps }) => steps === 4 && spawnSync('ip', ['link', 'set', 'near', 'down']) },
};

/** Writes until nothing more goes onto the disk. */
function fill(path) {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error;
  }
  closeSync(file);
}

/** Ranks have short timeouts here, of which nobody should need a part to start. */
async function meet(name, rank, size) {
  const place = join(folder, `here-${name}`);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, String(rank)), '');
  while (readdirSync(place).length < size) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The device that comes into the second rank's namespace. */
async function openNetwork({ device, address }) {
  const ip = (...args) => spawnSync('ip', args).status === 0;
  while (!ip('link', 'show', device)) await new Promise((resolve) => setTimeout(resolve, 20));
  ip('address', 'add', `${address}/24`, 'dev', device);
  ip('link', 'set', device, 'up');
}

async function work({ run, rank, size, port, timeoutSeconds = 60, from, failure, network }) {
  if (from && rank === 0) cpSync(join(folder, from), join(folder, run), { recursive: true });
  const out = join(folder, run);
  const own = failures[failure]?.rank === rank ? failures[failure] : {};
  const isOnDisk = failure === 'diskFills' && rank === 0;
  if (isOnDisk) {
    mkdirSync(out);
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', out], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }
  if (network) await openNetwork(network);
  await meet(run, rank, size);
  const place = { rank, size, localRank: rank, localSize: size, host: network?.first ?? '127.0.0.1', port, networkInterface: network?.device, isStoreThere: false, restarts: 0, launcher: 'processes' };
  const group = joinRanks(place, { timeoutSeconds });
  const features = await FeatureStore.open(store);
  const now = { reads: 0, steps: 0, out };
  const read = features.readPatches.bind(features);
  features.readPatches = (...args) => {
    now.reads++;
    own.reading?.(now);
    return read(...args);
  };
  const failing = {
    ...group,
    first: (task) =>
      group.first(() => {
        own.scoring?.(now);
        return task();
      }),
  };
  const onProgress = () => {
    now.steps++;
    own.stepping?.(now);
  };
  try {
    await pretrain({ store: features, config, out, resume: true, group: failing, onProgress });
    await group.leave();
  } catch (error) {
    process.exitCode = reportError(error);
    if (!isOnDisk) return;
    // The disk goes with this process.
    const names = readdirSync(out, { recursive: true });
    rmSync(join(out, 'other'));
    cpSync(out, join(folder, `${run}-kept`), { recursive: true });
    writeFileSync(join(folder, `${run}.json`), JSON.stringify(names));
  } finally {
    await features.close();
  }
}

if (process.env.AUDIOSSL_ADDON) useAddon(process.env.AUDIOSSL_ADDON);
await setBackend({ backend: 'libtorch', threads: 1 });
for (const job of JSON.parse(jobs)) await work(job);
