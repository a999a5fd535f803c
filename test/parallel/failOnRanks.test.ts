import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { freePort } from '../../src/util/freePort.js';
import { curve, readLog, tensorBytes } from '../cli/trainingRuns.js';
import { availableBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneStoreFolder } from '../train/toneStore.js';
import { runNode, startProgram } from './startRanks.js';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const script = file('./failOnRanks.mjs');
const hasRanks = availableBackends.includes('libtorch') && loadAddon().hasRanks?.() === true;
const TIMEOUT_SECONDS = 4;

/** Whether users may have a disk and networks of their own. */
const root = ['unshare', '--user', '--map-root-user'];
const may = (...words: string[]) => spawnSync(words[0], words.slice(1)).status === 0;

describe.skipIf(!hasRanks)('a run on two ranks in which something goes wrong', () => {
  let folder: string;
  let canMount: boolean;
  let canConnect: boolean;
  /** How the ranks ended, by what went wrong. */
  const ends: Record<string, { code: number | null; stderr: string }[]> = {};
  const last = (run: string) => join(folder, run, 'checkpoints', 'last.safetensors');
  const steps = (run: string) => curve(join(folder, run)).map(({ ranksWaitedSeconds, ...rest }) => rest);

  // All failures at once, each of two processes; then two more make the undisturbed run and go on with the others.
  beforeAll(async () => {
    folder = temporaryFolder();
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    canMount = may(...root, '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', disk);
    canConnect = may(...root, '--net', 'ip', 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far');
    const store = await toneStoreFolder(12); // 20 of them to train on: batches of 6, 6 and 8
    const job = async (failure: string, timeoutSeconds: number, more: object = {}) => {
      const port = await freePort();
      return [0, 1].map((rank) => JSON.stringify([{ run: failure, failure, rank, size: 2, port, timeoutSeconds, ...more }]));
    };
    const node = (of: string) => [process.execPath, script, store, folder, of];

    /** The one that hangs is woken when the other has given it up. */
    const hanging = async (failure: string, who: number) => {
      const ranks = (await job(failure, TIMEOUT_SECONDS)).map((own) => startProgram(node(own)));
      await ranks[1 - who].ended;
      ranks[who].child.kill('SIGCONT');
      ends[failure] = await Promise.all(ranks.map(({ ended }) => ended));
    };
    const onFullDisk = async () => {
      const [first, second] = await job('diskFills', 60);
      const ranks = [startProgram([...root, '--mount', ...node(first)]), startProgram(node(second))];
      ends.diskFills = await Promise.all(ranks.map(({ ended }) => ended));
    };
    const withoutNetwork = async () => {
      const jobs = await job('networkEnds', TIMEOUT_SECONDS);
      const placed = jobs.map((own, rank) => {
        const network = { device: ['near', 'far'][rank], address: `10.87.1.${rank + 1}`, first: '10.87.1.1' };
        return JSON.stringify([{ ...JSON.parse(own)[0], network }]);
      });
      const { stdout, stderr } = await startProgram([...root, '--net', process.execPath, file('./twoNetworks.mjs'), script, store, folder, ...placed]).ended; // biome-ignore format: one line
      if (stderr !== '') throw new Error(stderr);
      ends.networkEnds = JSON.parse(stdout);
    };
    await Promise.all([hanging('rankHangs', 1), hanging('firstHangs', 0), canMount && onFullDisk(), canConnect && withoutNetwork()]);

    const runs = [
      { run: 'whole' },
      { run: 'afterRank', from: 'rankHangs' },
      { run: 'afterFirst', from: 'firstHangs' },
      ...(canMount ? [{ run: 'afterDisk', from: 'diskFills-kept' }] : []),
      ...(canConnect ? [{ run: 'afterNetwork', from: 'networkEnds' }] : []),
    ];
    const ports = await Promise.all(runs.map(() => freePort()));
    const jobs = [0, 1].map((rank) => JSON.stringify(runs.map((run, i) => ({ ...run, rank, size: 2, port: ports[i] }))));
    const after = await Promise.all(jobs.map((own) => runNode([script, store, folder, own])));
    expect(after.map(({ code, stderr }) => [code, stderr])).toEqual([[0, ''], [0, '']]); // biome-ignore format: a row each
  }, 120_000);

  const isLost = (rank: number, seconds: number) =>
    expect.stringMatching(
      new RegExp(`^audiossl: rank ${rank} of 2: another rank is gone, or has not answered within ${seconds} s \\(.*\\); see what it said, then start again with --resume\n$`), // biome-ignore format: one line
    );
  const bothLost = [0, 1].map((rank) => ({ code: 1, stderr: isLost(rank, TIMEOUT_SECONDS) }));

  /** Nothing half is there, and what comes out of it is the undisturbed run, bit for bit. */
  function expectWholeAfter(failed: string, run: string): void {
    expect(readdirSync(join(folder, failed, 'checkpoints')).filter((name) => !/^(best|last)\.safetensors$/.test(name))).toEqual([]);
    const done = readLog(join(folder, failed)).filter(({ kind }) => kind === 'step').length;
    expect(done).toBeGreaterThanOrEqual(3);
    expect(done).toBeLessThan(6);
    const resumed = readLog(join(folder, run)).filter(({ kind }) => kind === 'start').at(-1); // biome-ignore format: one line
    expect(resumed?.resumedFromStep).toBeGreaterThanOrEqual(done - 1);
    expect(steps(run)).toEqual(steps('whole'));
    expect(tensorBytes(last(run)).equals(tensorBytes(last('whole')))).toBe(true);
  }

  it('ends in a line where a rank hangs, and goes on from the last checkpoint', () => {
    expect(ends.rankHangs).toMatchObject(bothLost);
    expectWholeAfter('rankHangs', 'afterRank');
  });

  it('ends in a line where rank 0 hangs while the others wait for what it makes of a look', () => {
    expect(ends.firstHangs).toMatchObject(bothLost);
    expectWholeAfter('firstHangs', 'afterFirst');
  });

  it('ends in a line where the disk of rank 0 is full, and leaves the last checkpoint whole', (context) => {
    if (!canMount) return context.skip('needs unshare of util-linux and user namespaces, to make a small disk');
    const full =
      'audiossl: the disk is full (ENOSPC, write); free some space and run the same command again, pretrain and train with --resume\n';
    expect(ends.diskFills).toMatchObject([
      { code: 1, stderr: full },
      { code: 1, stderr: isLost(1, 60) },
    ]);
    const names = JSON.parse(readFileSync(join(folder, 'diskFills.json'), 'utf8')) as string[];
    expect(names.filter((name) => /tmp/.test(name))).toEqual([]);
    expectWholeAfter('diskFills-kept', 'afterDisk');
  });

  it('ends in a line on both sides where the network between them is gone', (context) => {
    if (!canConnect) return context.skip('needs ip of iproute2, unshare of util-linux and user namespaces, to make two networks');
    expect(ends.networkEnds).toMatchObject(bothLost);
    expectWholeAfter('networkEnds', 'afterNetwork');
  });
});
