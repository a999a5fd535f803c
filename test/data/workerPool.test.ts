import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Outcome, runInWorkers } from '../../src/data/workerPool.js';
import { folderWith } from './syntheticData.js';

/** A worker that does what its job says after a wait. */
const script = `
import { parentPort } from 'node:worker_threads';
parentPort.postMessage({ isReady: true });
let taken = () => {};
parentPort.on('message', ({ index, job, isPartTaken }) => {
  if (isPartTaken) return taken();
  if (job.parts !== undefined) return sendParts(index, job);
  setTimeout(() => {
    if (job.what === 'die') process.exit(3);
    if (job.what === 'throw') throw new Error('boom');
    if (job.what === 'fail') parentPort.postMessage({ index, error: 'cannot' });
    else parentPort.postMessage({ index, result: job.value });
  }, job.wait ?? 0);
});
async function sendParts(index, { parts, value }) {
  for (let part = 0; part < parts; part++) {
    parentPort.postMessage({ index, part: value + part });
    await new Promise((resolve) => { taken = resolve; });
  }
  parentPort.postMessage({ index, result: value });
}`;

interface Job {
  value: number;
  wait?: number;
  what?: 'die' | 'throw' | 'fail';
  parts?: number;
}

let url: URL;
beforeEach(async () => {
  url = pathToFileURL(join(await folderWith({ 'worker.mjs': script }), 'worker.mjs'));
});

async function run(jobs: Job[], more: object = {}): Promise<[number, Outcome<number>][]> {
  const outcomes: [number, Outcome<number>][] = [];
  await runInWorkers<Job, number>({
    url,
    numWorkers: 3,
    jobs,
    async onOutcome(index, outcome) {
      outcomes.push([index, outcome]);
    },
    ...more,
  });
  return outcomes;
}

describe('runInWorkers', () => {
  it('hands results over in the order of the jobs, whatever they take', async () => {
    const jobs = Array.from({ length: 40 }, (_, i) => ({ value: i * i, wait: (i * 13) % 20 }));
    expect(await run(jobs)).toEqual(jobs.map(({ value }, i) => [i, { result: value }]));
    expect(await run([])).toEqual([]);
  });

  it('hands parts over in order, before the outcome of their job, and lets a worker wait until they are taken', async () => {
    const jobs: Job[] = [{ value: 0, wait: 30 }, { value: 100, parts: 5 }, { value: 200, parts: 3 }, { value: 300 }];
    const seen: number[] = [];
    let numUnderWay = 0;
    await runInWorkers<Job, number, number>({
      url,
      numWorkers: 3,
      jobs,
      async onPart(index, part) {
        expect(++numUnderWay).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        numUnderWay--;
        expect(Math.floor(part / 100)).toBe(index);
        seen.push(part);
      },
      async onOutcome(index) {
        seen.push(-index);
      },
    });
    expect(seen).toEqual([-0, 100, 101, 102, 103, 104, -1, 200, 201, 202, -2, -3]);
  });

  it('lets a job fail, and replaces a worker that dies: its other jobs are still done', async () => {
    const jobs: Job[] = Array.from({ length: 20 }, (_, value) => ({ value }));
    jobs[3].what = 'fail';
    jobs[5].what = 'die';
    jobs[11].what = 'throw';
    const outcomes = await run(jobs, { numWorkers: 2 });
    expect(outcomes.map(([index]) => index)).toEqual(jobs.map((_, i) => i));
    for (const [index, outcome] of outcomes) {
      if (index === 3) expect(outcome).toEqual({ error: 'cannot' });
      else if (index === 5) expect(outcome).toEqual({ error: 'the worker thread died: exit code 3' });
      else if (index === 11) expect(outcome).toEqual({ error: 'the worker thread died: boom' });
      else expect(outcome).toEqual({ result: index });
    }
  });

  it('fails at once when a worker cannot start', async () => {
    const broken = pathToFileURL(join(await folderWith({ 'worker.mjs': 'import "./nothing.mjs";' }), 'worker.mjs'));
    await expect(run([{ value: 1 }], { url: broken })).rejects.toThrow(/worker\.mjs did not start: .*nothing\.mjs/);
  });

  it('starts none of more than 16 a core', async () => {
    const most = 16 * availableParallelism();
    const run = (numWorkers: number) => runInWorkers<Job, number>({ url, numWorkers, jobs: [], onOutcome: async () => {} });
    await expect(run(most)).resolves.toBeUndefined();
    await expect(run(most + 1)).rejects.toThrow(
      `workers: their number must be at most ${most}, 16 a core of this machine, got ${most + 1}`,
    );
  });

  it('never runs more than maxAhead jobs past the one that is waited for', async () => {
    // The first job ends last: what is done meanwhile must stop at the bound, or memory would not be bounded.
    const seen: number[] = [];
    const jobs = Array.from({ length: 30 }, (_, value) => ({ value, wait: value === 0 ? 150 : 0 }));
    let waitingBytes = 0;
    let mostBytes = 0;
    await runInWorkers<Job, number>({
      url,
      numWorkers: 3,
      jobs,
      maxAhead: 5,
      bytesOf: () => {
        mostBytes = Math.max(mostBytes, ++waitingBytes);
        return 1;
      },
      async onOutcome(index) {
        waitingBytes -= 2;
        seen.push(index);
      },
    });
    expect(seen).toEqual(jobs.map((_, i) => i));
    expect(mostBytes).toBeLessThanOrEqual(6);
  });

  it('stops with the error of onOutcome, or the reason of the signal', async () => {
    const jobs = Array.from({ length: 50 }, (_, value) => ({ value }));
    await expect(
      run(jobs, {
        async onOutcome(index: number) {
          if (index === 7) throw new Error('disk full');
        },
      }),
    ).rejects.toThrow('disk full');
    const controller = new AbortController();
    let running = 0;
    const stopped = run(jobs, {
      signal: controller.signal,
      async onOutcome(index: number) {
        running++;
        if (index === 4) controller.abort(new Error('enough'));
        await new Promise((resolve) => setTimeout(resolve, index === 4 ? 200 : 1));
        running--;
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(running).toBe(0);
    await expect(run(jobs, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });
});
