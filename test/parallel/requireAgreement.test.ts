import { describe, expect, it } from 'vitest';
import type { RankGroup } from '../../src/parallel/RankGroup.js';
import { requireAgreement } from '../../src/parallel/requireAgreement.js';
import { UsageError } from '../../src/util/errors.js';

const facts = {
  versions: { audiossl: '1.2.3', node: '20.19.0', libtorch: '2.13.0' },
  precision: 'float32',
  config: { train: { epochs: 3 }, views: [{ name: 'crop' }] },
};

/** What a rank hears of itself and the others, whose facts are these. */
const agree = (own: object, ...others: object[]) => {
  const group = { exchange: async (text: string) => [...others.map((other) => JSON.stringify(other)), text] } as unknown as RankGroup;
  return requireAgreement('pretrain', group, own as Record<string, unknown>);
};

describe('requireAgreement', () => {
  it('lets ranks begin that say the same', async () => {
    await expect(agree(facts, facts, structuredClone(facts))).resolves.toBeUndefined();
  });

  it('refuses another release, on this rank or another, as wrong use, and names it', async () => {
    const newer = { ...facts, versions: { ...facts.versions, audiossl: '1.3.0' } };
    const said =
      'pretrain: all ranks must have the same release, data, config and precision; they differ in versions.audiossl (rank 0: "1.2.3", rank 1: "1.3.0")';
    await expect(agree(newer, facts)).rejects.toThrow(new UsageError(said));
    await expect(agree(facts, facts, newer)).rejects.toThrow(said);
    await expect(agree(facts, newer)).rejects.toBeInstanceOf(UsageError);
  });

  it('names a key that one of them lacks, and three of many', async () => {
    const { libtorch: _, ...versions } = facts.versions;
    await expect(agree({ ...facts, versions }, facts)).rejects.toThrow('versions.libtorch (rank 0: "2.13.0", rank 1: none)');
    const other = { versions: { audiossl: '0', node: '0', libtorch: '0' }, precision: 'bfloat16', config: { ...facts.config, views: [] } };
    await expect(agree(other, facts)).rejects.toThrow(/versions\.libtorch \([^)]*\) and 2 more$/);
  });
});
