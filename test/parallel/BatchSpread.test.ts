import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownShare, sharesOfBatch } from '../../src/parallel/BatchSpread.js';
import type { RankGroup } from '../../src/parallel/RankGroup.js';
import { requireAgreement } from '../../src/parallel/requireAgreement.js';

describe('shares of a batch', () => {
  it('are everything, in order, and differ by one clip at most', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (batch, size) => {
        const shares = Array.from({ length: size }, (_, rank) => ownShare(batch, { rank, size }));
        expect(shares.flat()).toEqual(batch);
        const counts = shares.map(({ length }) => length);
        expect(counts).toEqual(sharesOfBatch(batch.length, size));
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('requireAgreement', () => {
  /** Ranks that say these things, as one of them hears it. */
  const group = (facts: readonly unknown[]) =>
    ({ exchange: async () => facts.map((fact) => JSON.stringify(fact)) }) as unknown as RankGroup;
  const facts = { versions: { audiossl: '0.1.0' }, precision: 'float32', config: { seed: 0, views: [1, 2] } };

  it('lets equal facts pass', async () => {
    await expect(requireAgreement('pretrain', group([facts, structuredClone(facts)]), facts)).resolves.toBeUndefined();
  });

  it('names what differs, where, and from whom', async () => {
    const other = { ...facts, precision: 'bfloat16', config: { ...facts.config, seed: 1 } };
    await expect(requireAgreement('pretrain', group([facts, facts, other]), facts)).rejects.toThrow(
      'pretrain: all ranks must have the same release, data, config and precision; they differ in precision (rank 0: "float32", rank 2: "bfloat16"), config.seed (rank 0: 0, rank 2: 1)',
    );
    const more = { ...facts, a: 1, b: 2, c: 3, d: 4 };
    await expect(requireAgreement('pretrain', group([facts, more]), facts)).rejects.toThrow(
      /a \(rank 0: none, rank 1: 1\), .* and 1 more$/,
    );
  });
});
