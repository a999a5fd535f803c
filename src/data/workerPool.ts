import { Worker } from 'node:worker_threads';
import { checkPerCore } from '../util/checkPerCore.js';
import { AudiosslError, errorText } from '../util/errors.js';

/**
 * MiB of a worker's heap for what has just been made. Blocks of sound are made and forgotten by the hundred and lie outside of it; at V8's own
 * limit of 48 it grows to some 25 MiB more before any of it is looked through.
 */
const YOUNG_MIB = 6;

/** What a worker sends: once that it is there, then an answer a job. An answer with `error` means that the job failed, not the worker. */
export type WorkerMessage<Result, Part = never> =
  | { isReady: true }
  | { index: number; part: Part }
  | { index: number; result: Result }
  | { index: number; error: string };

/** What a worker gets: a job, or that a part of its job was taken. */
export type WorkerOrder<Job> = { index: number; job: Job } | { isPartTaken: true };

/** Outcome of one job. */
export type Outcome<Result> = { result: Result } | { error: string };

interface Crew {
  worker: Worker;
  isReady: boolean;
  /** Indices of the jobs it has, the one it works on first. */
  queue: number[];
  /** Parts of the job it works on that nobody has taken yet. */
  parts: unknown[];
}

/**
 * Runs every job on worker threads and hands the outcomes over one by one, in the order of the jobs, whatever the order they end in.
 * `onOutcome` is awaited, and at most `maxAhead` jobs (or `maxAheadBytes` of results) are past the one it waits for: memory stays bounded
 * however slow the reader or a single job. A result too large to be held comes in parts, which go to `onPart` before the job's outcome, in
 * order too; a worker sends a few and waits until they are taken. A worker that dies at a job fails that job and is replaced; one that dies at its start fails all.
 * Rejects with the first error of `onOutcome`, or with the reason of `signal` when it aborts; no call of `onOutcome` is then under way.
 */
export async function runInWorkers<Job, Result, Part = never>({
  url,
  workerData,
  numWorkers,
  jobs,
  onOutcome,
  onPart,
  bytesOf = () => 0,
  jobsAhead = 2,
  maxAhead = 64,
  maxAheadBytes = 64 * 2 ** 20,
  signal,
}: {
  url: URL;
  workerData?: unknown;
  numWorkers: number;
  jobs: readonly Job[];
  onOutcome: (index: number, outcome: Outcome<Result>) => Promise<void>;
  onPart?: (index: number, part: Part) => Promise<void>;
  bytesOf?: (result: Result) => number;
  /** Jobs given to a worker ahead of its answers, so that it never waits for this thread. */
  jobsAhead?: number;
  maxAhead?: number;
  maxAheadBytes?: number;
  signal?: AbortSignal;
}): Promise<void> {
  checkPerCore('workers: their number', numWorkers);
  if (jobs.length === 0) return;
  return new Promise((resolve, reject) => {
    const crews: Crew[] = [];
    const waiting = new Map<number, Outcome<Result>>();
    let waitingBytes = 0;
    let nextJob = 0;
    let nextOutcome = 0;
    let isOver = false;
    let isDraining = false;
    let drained: Promise<void> = Promise.resolve();

    const end = (error?: unknown) => {
      if (isOver) return;
      isOver = true;
      signal?.removeEventListener('abort', onAbort);
      const stopped = crews.map(({ worker }) => worker.terminate());
      Promise.allSettled([drained, ...stopped]).then(() => (error === undefined ? resolve() : reject(error)));
    };
    const onAbort = () => end(signal?.reason);

    const pump = () => {
      for (let depth = 0; depth < jobsAhead; depth++) {
        for (const crew of crews) {
          const hasRoom = nextJob < jobs.length && nextJob < nextOutcome + maxAhead && waitingBytes < maxAheadBytes;
          if (isOver || !hasRoom || crew.queue.length > depth) continue;
          crew.queue.push(nextJob);
          crew.worker.postMessage({ index: nextJob, job: jobs[nextJob] });
          nextJob++;
        }
      }
    };
    const drain = async () => {
      isDraining = true;
      while (!isOver) {
        const crew = crews.find(({ queue, parts }) => queue[0] === nextOutcome && parts.length > 0);
        if (crew !== undefined) {
          await onPart?.(nextOutcome, crew.parts.shift() as Part);
          crew.worker.postMessage({ isPartTaken: true } satisfies WorkerOrder<Job>);
          continue;
        }
        const outcome = waiting.get(nextOutcome);
        if (outcome === undefined) break;
        waiting.delete(nextOutcome);
        if ('result' in outcome) waitingBytes -= bytesOf(outcome.result);
        await onOutcome(nextOutcome, outcome);
        nextOutcome++;
        pump();
      }
      isDraining = false;
      if (nextOutcome === jobs.length) end();
    };
    const wake = () => {
      if (!isDraining) drained = drain().catch(end);
    };
    const settle = (index: number, outcome: Outcome<Result>) => {
      waiting.set(index, outcome);
      if ('result' in outcome) waitingBytes += bytesOf(outcome.result);
      wake();
      pump();
    };
    const start = (): Crew => {
      // Without the flags of this process: some (--input-type, a test runner's) are refused or do harm in a worker.
      const worker = new Worker(url, { workerData, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB } });
      const crew: Crew = { worker, isReady: false, queue: [], parts: [] };
      crew.worker.on('message', (message: WorkerMessage<Result, Part>) => {
        if (isOver) return;
        if ('isReady' in message) {
          crew.isReady = true;
          return;
        }
        if ('part' in message) {
          crew.parts.push(message.part);
          wake();
          return;
        }
        crew.queue.splice(crew.queue.indexOf(message.index), 1);
        settle(message.index, 'error' in message ? { error: message.error } : { result: message.result });
      });
      let death: unknown;
      crew.worker.on('error', (error) => {
        death = error;
      });
      crew.worker.on('exit', (code) => {
        if (isOver) return;
        const why = death === undefined ? `exit code ${code}` : errorText(death);
        if (!crew.isReady) return end(new AudiosslError(`worker thread: ${url.pathname} did not start: ${why}`));
        // The job it was at is lost; those it had not begun go to its successor.
        const [lost, ...rest] = crew.queue;
        const successor = start();
        crews[crews.indexOf(crew)] = successor;
        for (const index of rest) {
          successor.queue.push(index);
          successor.worker.postMessage({ index, job: jobs[index] });
        }
        if (lost !== undefined) settle(lost, { error: `the worker thread died: ${why}` });
      });
      return crew;
    };

    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort);
    for (let i = 0; i < Math.min(numWorkers, jobs.length); i++) crews.push(start());
    pump();
  });
}
