/** A stopwatch: each call gives the seconds since the call before, the first one since it was made. */
export function startClock(): () => number {
  let before = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - before) / 1000;
    before = now;
    return seconds;
  };
}
