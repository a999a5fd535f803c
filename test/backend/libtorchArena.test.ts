import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Handle } from '../../src/backend/libtorch/binding.js';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { availableBackends } from '../support/backends.js';

/** A tensor whose every value is `value`; handles may share its memory. */
interface Live {
  handle: Handle;
  value: number;
}

type Action = { kind: 'allocate'; floats: number } | { kind: 'view' | 'release'; which: number } | { kind: 'tooLarge' };

const kibi = 256; // floats
const tensorFloats = fc.oneof(
  fc.integer({ min: 1, max: 64 * kibi }), // the C library's
  fc.integer({ min: 64 * kibi - 20, max: 64 * kibi + 20 }), // where the arena begins
  fc.integer({ min: 64 * kibi, max: 512 * kibi }),
  fc.constantFrom(64 * kibi, 128 * kibi, 256 * kibi, 256 * kibi + 1), // equal sizes, that fit each other's gaps
);
const which = fc.nat({ max: 1000 });
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: fc.constant('allocate' as const), floats: tensorFloats }) },
    { weight: 9, arbitrary: fc.record({ kind: fc.constant('release' as const), which }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('view' as const), which }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'tooLarge' as const }) },
  ),
  { minLength: 20, maxLength: 80 },
);

describe.skipIf(!availableBackends.includes('libtorch'))('memory of tensors on libtorch (skipped where the addon is not built)', () => {
  beforeAll(async () => {
    await setBackend({ backend: 'libtorch', threads: 1 });
  });

  const number = (handle: Handle): number => {
    const out = new Float32Array(1);
    loadAddon().read(handle, out);
    loadAddon().release(handle);
    return out[0];
  };

  /** Does what is told, checking the values of each tensor when it goes and of all that are left at the end; releases them. */
  function run(list: Action[]): void {
    const addon = loadAddon();
    const live: Live[] = [];
    const check = ({ handle, value }: Live) => {
      expect([number(addon.min(handle, [0], false)), number(addon.max(handle, [0], false))]).toEqual([value, value]);
    };
    const release = (at: number) => {
      const [gone] = live.splice(at, 1);
      check(gone);
      addon.release(gone.handle);
    };
    list.forEach((action, i) => {
      if (action.kind === 'allocate') live.push({ handle: addon.full([action.floats], i, 0), value: i });
      if (action.kind === 'tooLarge') expect(() => addon.full([2 ** 45], i, 0)).toThrow(/^libtorch full: .*(memory|allocate)/);
      if (live.length === 0 || !('which' in action)) return;
      const at = action.which % live.length;
      if (action.kind === 'release') release(at);
      else live.push({ handle: addon.reshape(live[at].handle, [-1]), value: live[at].value });
    });
    while (live.length > 0) release(0);
  }

  it('keeps the values of every tensor whatever else is allocated and released', () => {
    const before = loadAddon().liveTensors();
    fc.assert(fc.property(actions, run), { numRuns: 20 });
    expect(loadAddon().liveTensors()).toBe(before);
  });

  it('is used again after its release', () => {
    const addon = loadAddon();
    const mebi = 1024 * kibi;
    // Up to 8 tensors of 1 to 8 MiB, 36 MiB in all; released in another order than they came, they pass through 860 MiB.
    const pass = (shift: number) => {
      const handles = Array.from({ length: 8 }, (_, i) => addon.full([(1 + ((i * 3 + shift) % 8)) * mebi + shift], 1, 0));
      for (let i = 0; i < 8; i++) addon.release(handles[(i * 5 + shift) % 8]);
    };
    pass(0);
    const before = process.memoryUsage.rss();
    for (let shift = 1; shift < 24; shift++) pass(shift);
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 * 36 * 2 ** 20);
  });
});
