import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../util/errors.js';
import type { WorkerMessage, WorkerOrder } from './workerPool.js';

/** Entry of a worker thread: one message with `{ index, job }` in, one with the answer out. `workerData` says what is done with a path. */
const port = parentPort;
if (port === null) throw new Error('clipWorker: must be started as a worker thread');

/** Hands on a part of a result; resolves when there is room for another one. */
type Emit = (part: object) => Promise<void>;

// Only what this worker needs is loaded: it starts twice as fast.
const work: (path: string, emit: Emit) => Promise<object> =
  workerData.kind === 'features'
    ? await import('./clipFeatures.js').then(
        ({ clipFeatures }) =>
          (path, emit) =>
            clipFeatures(path, workerData, emit),
      )
    : await import('./inspectClip.js').then(
        ({ inspectClip }) =>
          (path) =>
            inspectClip(path, workerData),
      );

/** Parts on their way at once: one is taken while the next one is made. */
const maxParts = 2;
let numParts = 0;
let onPartTaken = () => {};

async function untilPartsAreAtMost(limit: number): Promise<void> {
  while (numParts > limit) {
    await new Promise<void>((resolve) => {
      onPartTaken = resolve;
    });
  }
}

/** Frames are handed over, not copied. */
const transferOf = (value: object) => ('values' in value && value.values instanceof Uint8Array ? [value.values.buffer as ArrayBuffer] : []);

async function run(index: number, path: string): Promise<void> {
  const send = (message: WorkerMessage<unknown, unknown>, transfer: ArrayBuffer[] = []) => port?.postMessage(message, transfer);
  try {
    const result = await work(path, async (part) => {
      numParts++;
      send({ index, part }, transferOf(part));
      await untilPartsAreAtMost(maxParts - 1);
    });
    await untilPartsAreAtMost(0);
    send({ index, result }, transferOf(result));
  } catch (error) {
    await untilPartsAreAtMost(0);
    send({ index, error: errorText(error) });
  }
}

let last: Promise<void> = Promise.resolve();
port.on('message', (order: WorkerOrder<{ path: string }>) => {
  if ('isPartTaken' in order) {
    numParts--;
    onPartTaken();
    return;
  }
  // One job at a time: two in memory at once would only wait for each other.
  last = last.then(() => run(order.index, order.job.path));
});
port.postMessage({ isReady: true } satisfies WorkerMessage<unknown>);
