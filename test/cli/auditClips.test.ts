import { describe, expect, it } from 'vitest';
import { chooseClips, requireTwoClasses } from '../../src/cli/data/audit/auditClips.js';

type Given = Parameters<typeof chooseClips>[0];

/** A store of clips with these labels and groups, without a run. */
const of = (clips: { label?: string; group?: string }[]): Given =>
  ({ store: { clips: clips.map((clip, i) => ({ id: `${i}.wav`, ...clip })) } }) as unknown as Given;

describe('the clips of a label audit', () => {
  it('leave out classes of a single recording, before anything is computed, and say so', async () => {
    const clips = [
      { label: 'dog' },
      { label: 'dog' },
      { label: 'cat' },
      { label: 'cat' },
      { label: 'owl' },
      { label: 'elk', group: 'g' },
      { label: 'elk', group: 'g' },
    ];
    const chosen = await chooseClips(of(clips), 'train');
    expect(chosen.clips).toEqual([0, 1, 2, 3]);
    expect(chosen.notes).toEqual(['classes of a single recording are left out, no other could speak for it: elk, owl']);
  });

  it('need two classes', async () => {
    await expect(chooseClips(of([{ label: 'dog' }, { label: 'dog' }, { label: 'owl' }]), 'train')).rejects.toThrow(
      /audit-labels: needs two classes or more with two recordings each, got one/,
    );
    // Of a folder, before features are made: whatever the splits.
    const folder = ['dog', 'dog', 'owl', 'owl'].map((label, i) => ({ id: `${i}`, label }));
    expect(() => requireTwoClasses(folder)).not.toThrow();
    expect(() => requireTwoClasses(folder.slice(0, 3))).toThrow(/needs two classes or more .* got one/);
    expect(() => requireTwoClasses([{ id: '1' }])).toThrow(/needs clips of two classes or more, none of the 1 clips has a label/);
  });
});
