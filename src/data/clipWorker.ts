import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../util/errors.js';
import { type ClipFeatures, clipFeatures } from './clipFeatures.js';
import { inspectClip } from './inspectClip.js';
import type { WorkerMessage } from './workerPool.js';

/** Entry of a worker thread: one message with `{ index, job }` in, one with the answer out. `workerData` says what is done with a path. */
const port = parentPort;
if (port === null) throw new Error('clipWorker: must be started as a worker thread');

let last: Promise<void> = Promise.resolve();
port.on('message', ({ index, job }: { index: number; job: { path: string } }) => {
  // One job at a time: two in memory at once would only wait for each other.
  last = last.then(async () => {
    try {
      const result = workerData.kind === 'features' ? await clipFeatures(job.path, workerData) : await inspectClip(job.path, workerData);
      const transfer = 'values' in result ? [(result as ClipFeatures).values.buffer as ArrayBuffer] : [];
      port.postMessage({ index, result } satisfies WorkerMessage<unknown>, transfer);
    } catch (error) {
      port.postMessage({ index, error: errorText(error) } satisfies WorkerMessage<unknown>);
    }
  });
});
port.postMessage({ isReady: true } satisfies WorkerMessage<unknown>);
