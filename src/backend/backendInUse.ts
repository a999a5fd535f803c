import * as tf from '@tensorflow/tfjs-core';

/** A backend in words and numbers, as records hold it. */
export interface BackendFacts {
  name: string;
  device: string;
  precision: string;
  threads: number;
  notes: string[];
}

let current: BackendFacts | undefined;

/** Called by `setBackend`. */
export function rememberBackend(inUse: BackendFacts): void {
  current = inUse;
}

/** What `setBackend` set, for records. Where a program called `tf.setBackend` itself, only the backend's name is known. */
export function backendInUse(): BackendFacts {
  const name = tf.getBackend();
  // Both tfjs-node packages register the one name.
  if (current !== undefined && (current.name === 'tensorflow-gpu' ? 'tensorflow' : current.name) === name) return current;
  return {
    name,
    device: 'unknown',
    precision: 'unknown',
    threads: 0,
    notes: ['set by the program itself: device and threads are not known'],
  };
}
