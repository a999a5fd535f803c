/**
 * A function that gives the event loop a turn where the last one is `afterMs` milliseconds or more ago, so that signals are heard and
 * thousands of small steps do not each pay for it.
 */
export function eventLoopTurn(afterMs = 20): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < afterMs) return;
    await new Promise(setImmediate);
    last = performance.now();
  };
}
