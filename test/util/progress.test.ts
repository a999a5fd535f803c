import { describe, expect, it } from 'vitest';
import { createProgress, formatDuration, type ProgressStream } from '../../src/util/progress.js';

/** A stream that remembers, with a clock that the test turns. */
function setup(options: Partial<ProgressStream> = {}) {
  const clock = { time: 1_000_000 };
  const written: string[] = [];
  const listeners: ((error: unknown) => void)[] = [];
  const stream: ProgressStream = {
    write: (text) => written.push(text),
    columns: 80,
    hasColors: () => false,
    on: (_event, listener) => listeners.push(listener),
    ...options,
  };
  return { clock, written, listeners, stream, now: () => clock.time };
}

describe('createProgress off a terminal', () => {
  it('is silent for 10 s, then says count, rate and time left, in plain lines', () => {
    const { clock, written, stream, now } = setup();
    const progress = createProgress({ label: 'Features', total: 1000, unit: 'clips', stream, now });
    for (let done = 1; done <= 200; done++) {
      clock.time += 100;
      progress.update(done);
    }
    // 10 clips/s throughout: at 10 s 100 clips, 90 s left; then every 10 s.
    expect(written).toEqual([
      'Features: 10%  100/1000 clips  10.0 clips/s  1 min 30 s left\n',
      'Features: 20%  200/1000 clips  10.0 clips/s  1 min 20 s left\n',
    ]);
    progress.finish();
    expect(written[2]).toBe('Features: 200/1000 clips  10.0 clips/s  in 20 s\n');
  });

  it('tells shares without a rate', () => {
    const { clock, written, stream, now } = setup();
    const progress = createProgress({ label: 'Map', total: 100, unit: '%', stream, now });
    clock.time += 10_000;
    progress.update(50);
    progress.finish();
    expect(written).toEqual(['Map: 50 %  10 s left\n', 'Map: 50 %  in 10 s\n']);
  });

  it('writes less often as time passes, but at least every 5 minutes', () => {
    const { clock, written, stream, now } = setup();
    const progress = createProgress({ label: 'x', total: 1e6, stream, now });
    const times: number[] = [];
    for (let second = 1; second <= 36_000; second++) {
      clock.time += 1000;
      const before = written.length;
      progress.update(second);
      if (written.length > before) times.push(second);
    }
    const gaps = times.slice(1).map((time, i) => time - times[i]);
    expect(times[0]).toBe(10);
    expect(Math.max(...gaps)).toBe(300);
    expect(times.length).toBeLessThan(200);
    for (let i = 1; i < gaps.length; i++) expect(gaps[i]).toBeGreaterThanOrEqual(gaps[i - 1]);
  });

  it('counts what an earlier run did towards the total, not towards the rate', () => {
    const { clock, written, stream, now } = setup();
    const progress = createProgress({ label: 'x', total: 1000, initial: 900, stream, now });
    clock.time += 10_000;
    progress.update(950);
    expect(written[0]).toBe('x: 95%  950/1000  5.00/s  10 s left\n');
    progress.finish();
    expect(written[1]).toBe('x: 950/1000  5.00/s  in 10 s\n');
  });

  it('tells lines and notes, and works without a total', () => {
    const { clock, written, stream, now } = setup();
    const progress = createProgress({ label: 'Embed', unit: 'clips', stream, now });
    progress.line('skipped a.wav');
    clock.time += 20_000;
    progress.update(10, 'loss 1.5');
    progress.finish();
    expect(written).toEqual([
      'skipped a.wav\n',
      'Embed: 10 clips  0.500 clips/s  20 s  loss 1.5\n',
      'Embed: 10 clips  0.500 clips/s  in 20 s  loss 1.5\n',
    ]);
  });
});

describe('createProgress on a terminal', () => {
  const terminal = { isTTY: true };

  it('redraws one line with a bar, at most ten times a second, and ends it once', () => {
    const { clock, written, stream, now } = setup(terminal);
    const progress = createProgress({ label: 'Epoch 1', total: 100, stream, now });
    for (let done = 1; done <= 50; done++) {
      clock.time += 20;
      progress.update(done);
    }
    expect(written.length).toBe(10);
    for (const text of written) {
      expect(text.startsWith('\r')).toBe(true);
      expect(text.endsWith('\x1b[K')).toBe(true);
      expect(text).not.toContain('\n');
      expect(text.length).toBeLessThanOrEqual(80 + 4);
    }
    clock.time += 200;
    progress.update(50);
    // 24 cells, half of them full.
    expect(written.at(-1)).toContain(`${'█'.repeat(12)}${'░'.repeat(12)}`);
    progress.finish();
    progress.finish();
    progress.update(60);
    expect(written.filter((text) => text.endsWith('\n')).length).toBe(1);
  });

  it('never grows wider than the terminal', () => {
    for (const columns of [12, 30, 60, 200]) {
      const { clock, written, stream, now } = setup({ ...terminal, columns });
      const progress = createProgress({ label: 'A long label for a long job', total: 10_000, unit: 'patches', stream, now });
      clock.time += 1000;
      progress.update(1234, 'loss 1.2345');
      progress.finish();
      for (const text of written) {
        const visible = text.replaceAll('\x1b[K', '').replace(/[\r\n]/g, '');
        expect([...visible].length).toBeLessThan(columns);
      }
    }
  });

  it('paints only where the stream has colours (NO_COLOR is the stream’s business)', () => {
    for (const hasColors of [true, false]) {
      const { clock, written, stream, now } = setup({ ...terminal, hasColors: () => hasColors });
      const progress = createProgress({ label: 'x', total: 2, stream, now });
      clock.time += 1000;
      progress.update(1);
      expect(written[0].includes('\x1b[36m')).toBe(hasColors);
    }
  });

  it('follows a change of speed', () => {
    const { clock, written, stream, now } = setup(terminal);
    const progress = createProgress({ label: 'x', total: 100_000, stream, now });
    for (let i = 1; i <= 60; i++) {
      clock.time += 1000;
      progress.update(i * 100);
    }
    for (let i = 1; i <= 240; i++) {
      clock.time += 1000;
      progress.update(6000 + i * 10);
    }
    // 100/s for a minute, then 10/s for four: the mean would say 28/s and 54 min, the rate now says 10/s and 2 h 33 min.
    expect(written.at(-1)).toMatch(/8400\/100000 {2}10\.\d\/s {2}2 h 3[0-3] min left/);
  });
});

describe('createProgress and a reader that goes away', () => {
  it('goes on when write throws or the stream emits an error', () => {
    const { clock, stream, listeners, now } = setup({
      write: () => {
        throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      },
    });
    const progress = createProgress({ label: 'x', total: 2, stream, now });
    createProgress({ label: 'y', stream, now });
    expect(listeners.length).toBe(1);
    listeners[0](new Error('write EPIPE'));
    clock.time += 60_000;
    progress.update(1);
    progress.line('text');
    progress.finish();
  });

  it('writes nothing at all when silent', () => {
    const { clock, written, stream, now } = setup({ isTTY: true });
    const progress = createProgress({ label: 'x', total: 2, isSilent: true, stream, now });
    clock.time += 60_000;
    progress.update(1);
    progress.line('text');
    progress.finish();
    expect(written).toEqual([]);
  });
});

it('formatDuration', () => {
  const cases: [number, string][] = [
    [0, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.6, '1 min 00 s'],
    [125, '2 min 05 s'],
    [3599.6, '1 h 00 min'],
    [11_220, '3 h 07 min'],
    [187_200, '2 d 04 h'],
  ];
  for (const [seconds, text] of cases) expect(formatDuration(seconds)).toBe(text);
});
