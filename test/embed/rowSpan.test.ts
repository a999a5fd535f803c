import { describe, expect, it } from 'vitest';
import { rowSpan } from '../../src/embed/rowSpan.js';
import { toneFrontEnd } from '../train/toneStore.js';

describe('rowSpan', () => {
  const subject = { frontEnd: toneFrontEnd, patchFrames: 32 };
  const frame = 220 / 22050;

  it.each([
    ['a patch', 'patch' as const, 10 * frame, 42 * frame],
    ['a window', { window: 100 * frame, hop: 1 }, 10 * frame, 110 * frame],
  ])('%s from its centre', (_, per, start, end) => {
    const frames = Math.round((end - start) / frame);
    expect(rowSpan(1000 * (start + ((frames - 1) / 2) * frame), per, subject)).toBeAllClose([start, end], { rtol: 0, atol: 1e-6 });
  });

  it('a whole recording, and one shorter than the window', () => {
    // 61 frames from 0 on: their centre is frame 30.
    expect(rowSpan(1000 * 30 * frame, 'clip', subject)).toBeAllClose([0, 61 * frame], { rtol: 0, atol: 1e-6 });
    expect(rowSpan(1000 * 30 * frame, { window: 5, hop: 1 }, subject)).toBeAllClose([0, 61 * frame], { rtol: 0, atol: 1e-6 });
  });
});
