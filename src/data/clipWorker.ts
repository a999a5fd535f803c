import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../util/errors.js';
import type { WorkerMessage } from './workerPool.js';

/** Entry of a worker thread: one message with `{ index, job }` in, one with the answer out. `workerData` says what is done with a path. */
const port = parentPort;
if (port === null) throw new Error('clipWorker: must be started as a worker thread');

// Only what this worker needs is loaded: it starts twice as fast.
const work: (path: string) => Promise<object> =
  workerData.kind === 'features'
    ? await import('./clipFeatures.js').then(
        ({ clipFeatures }) =>
          (path) =>
            clipFeatures(path, workerData),
      )
    : await import('./inspectClip.js').then(
        ({ inspectClip }) =>
          (path) =>
            inspectClip(path, workerData),
      );

let last: Promise<void> = Promise.resolve();
port.on('message', ({ index, job }: { index: number; job: { path: string } }) => {
  // One job at a time: two in memory at once would only wait for each other.
  last = last.then(async () => {
    try {
      const result = await work(job.path);
      // Frames are handed over, not copied.
      const transfer = 'values' in result && result.values instanceof Uint8Array ? [result.values.buffer as ArrayBuffer] : [];
      port.postMessage({ index, result } satisfies WorkerMessage<unknown>, transfer);
    } catch (error) {
      port.postMessage({ index, error: errorText(error) } satisfies WorkerMessage<unknown>);
    }
  });
});
port.postMessage({ isReady: true } satisfies WorkerMessage<unknown>);
