/** What a stream must offer; process.stderr does. `hasColors` heeds NO_COLOR, FORCE_COLOR and TERM. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  hasColors?(): boolean;
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

export interface ProgressOptions {
  /** What is being done: "Features", "Epoch 3/100". */
  label: string;
  /** How much there is to do; undefined = not known: no bar, no time left. */
  total?: number;
  /** Plural noun of what is counted; `%` where shares of 100 are told, which have no rate. */
  unit?: string;
  stream?: ProgressStream;
  /** A bar that redraws itself; else plain lines. Default: what the stream says. */
  isTerminal?: boolean;
  isSilent?: boolean;
  /** Done already by an earlier run: counts towards the total, not towards the rate. */
  initial?: number;
  /** Milliseconds. */
  now?: () => number;
}

export interface Progress {
  /** `done` of `total` is done so far; `note` stands at the end of the line. */
  update(done: number, note?: string): void;
  /** A line of its own, above the bar. */
  line(text: string): void;
  /** The last state, the whole time, and an end of line. Later calls do nothing. */
  finish(note?: string): void;
}

const REDRAW_MS = 100;
const FIRST_LINE_MS = 10_000;
const LONGEST_SILENCE_MS = 300_000;
const RATE_MEMORY_MS = 30_000;

/** Streams whose errors are heeded already: a reader that went away (`| head`) must not end the work. */
const guarded = new WeakSet<ProgressStream>();

/**
 * Progress of long work. On a terminal one line with a bar, the count, the rate and the time left, redrawn ten times a second at most;
 * elsewhere (logs, pipes) plain lines: the first after 10 s, then every 5 % of the time passed, at least every 5 minutes, and one at the end.
 * Never throws: a closed stream is ignored.
 */
export function createProgress({
  label,
  total,
  unit = '',
  stream = process.stderr,
  isTerminal = stream.isTTY === true,
  isSilent = false,
  initial = 0,
  now = Date.now,
}: ProgressOptions): Progress {
  const start = now();
  const hasColors = isTerminal && stream.hasColors?.() === true;
  const rate = rateMeter(start, initial);
  let done = initial;
  let note = '';
  let isFinished = isSilent;
  let shownAt = isTerminal ? Number.NEGATIVE_INFINITY : start;

  if (!isSilent && !guarded.has(stream)) {
    guarded.add(stream);
    stream.on?.('error', () => {});
  }
  const write = (text: string) => {
    try {
      stream.write(text);
    } catch {
      // The reader went away; the work goes on.
    }
  };
  const state = (isLast: boolean) => {
    const elapsed = now() - start;
    const perSecond = isLast ? ((done - initial) / Math.max(elapsed, 1)) * 1000 : rate.perSecond();
    const time = isLast
      ? `in ${formatDuration(elapsed / 1000)}`
      : total !== undefined && perSecond > 0 && done < total
        ? `${formatDuration((total - done) / perSecond)} left`
        : formatDuration(elapsed / 1000);
    const speed = perSecond > 0 && unit !== '%' ? `${formatRate(perSecond)}${unit === '' ? '' : ` ${unit}`}/s` : '';
    const count =
      total === undefined || unit === '%' ? `${done}${unit === '' ? '' : ` ${unit}`}` : `${done}/${total}${unit === '' ? '' : ` ${unit}`}`;
    return [count, speed, time, note].filter((part) => part !== '').join('  ');
  };
  const draw = (isLast: boolean) => {
    shownAt = now();
    if (!isTerminal) {
      const percent = total === undefined || total === 0 || isLast || unit === '%' ? '' : `${Math.floor((100 * done) / total)}%  `;
      write(`${label}: ${percent}${state(isLast)}\n`);
      return;
    }
    const width = (stream.columns ?? 80) - 1;
    const share = total === undefined ? undefined : total === 0 ? 1 : Math.min(1, Math.max(0, done / total));
    const text = state(isLast);
    const barWidth = Math.min(24, width - label.length - text.length - 4);
    const hasBar = share !== undefined && barWidth >= 6;
    const plain = hasBar ? `${label} ${bar(share, barWidth)}  ${text}` : `${label}  ${text}`;
    const cut = plain.length > width ? `${plain.slice(0, Math.max(1, width - 1))}…` : plain;
    const painted = hasColors && hasBar && cut === plain ? `${label} \x1b[36m${bar(share, barWidth)}\x1b[39m  ${text}` : cut;
    write(`\r${painted}\x1b[K${isLast ? '\n' : ''}`);
  };

  return {
    update(count, text) {
      if (isFinished) return;
      done = count;
      if (text !== undefined) note = text;
      rate.add(now(), count);
      const sinceShown = now() - shownAt;
      const wait = isTerminal ? REDRAW_MS : Math.min(LONGEST_SILENCE_MS, Math.max(FIRST_LINE_MS, (now() - start) / 20));
      if (sinceShown >= wait) draw(false);
    },
    line(text) {
      if (isFinished) return;
      write(isTerminal ? `\r\x1b[K${text}\n` : `${text}\n`);
      if (isTerminal) draw(false);
    },
    finish(text) {
      if (isFinished) return;
      if (text !== undefined) note = text;
      draw(true);
      isFinished = true;
    },
  };
}

/** Rate now: a mean that forgets with a half-life of about 20 s, so that the time left follows a change of speed but does not jump. */
function rateMeter(start: number, initial: number): { add(time: number, count: number): void; perSecond(): number } {
  let weightedCount = 0;
  let weightedMs = 0;
  let lastTime = start;
  let lastCount = initial;
  return {
    add(time, count) {
      const passed = time - lastTime;
      if (passed <= 0) return;
      const keep = Math.exp(-passed / RATE_MEMORY_MS);
      weightedCount = weightedCount * keep + (count - lastCount);
      weightedMs = weightedMs * keep + passed;
      lastTime = time;
      lastCount = count;
    },
    perSecond: () => (weightedMs > 0 ? Math.max(0, (1000 * weightedCount) / weightedMs) : 0),
  };
}

function bar(share: number, width: number): string {
  const eighths = Math.round(share * width * 8);
  const full = Math.floor(eighths / 8);
  const part = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8];
  return `${'█'.repeat(full)}${part}`.padEnd(width, '░');
}

/** Three significant digits below 1,000, whole numbers above. */
function formatRate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(3);
}

/** `8 s`, `2 min 05 s`, `3 h 07 min`, `2 d 04 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}
