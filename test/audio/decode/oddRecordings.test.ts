import { describe, expect, it } from 'vitest';
import { decodeAudio } from '../../../src/audio/decodeAudio.js';
import { oddRecordings } from '../../support/oddRecordings.js';

// What a mean or a band throws away is no matter of decoding: see SoundCheck.
const decoded = oddRecordings.filter(({ says = '' }) => !/--channel|frontEnd|1e\+29/.test(says));

describe('decodeAudio, recordings as recorders, pipes and taggers leave them', () => {
  it.each(decoded)('$must: $name', async ({ name, bytes, must, numFrames, says }) => {
    const attempt = decodeAudio(bytes, { file: name });
    if (must === 'refuse') {
      await expect(attempt).rejects.toThrow(says);
      return;
    }
    const { warnings, ...audio } = await attempt;
    expect(audio.numFrames).toBe(numFrames);
    if (says === undefined) expect(warnings).toEqual([]);
    else expect(warnings).toEqual([expect.stringContaining(says)]);
  });

  it.each(oddRecordings.filter(({ must }) => must === 'refuse'))('salvages $name', async ({ bytes }) => {
    expect((await decodeAudio(bytes, { salvage: true })).warnings).toHaveLength(1);
  });

  it('sets samples that are not finite to 0 with salvage, and counts them', async () => {
    const nan = oddRecordings.find(({ name }) => name === 'nan.wav')?.bytes ?? new Uint8Array(0);
    const { channels, warnings } = await decodeAudio(nan, { salvage: true });
    expect([channels[0][999], channels[0][1000]]).toEqual([expect.any(Number), 0]);
    expect(channels[0][999]).not.toBe(0);
    expect(warnings).toEqual(['1 sample was NaN or infinite and set to 0']);
  });
});
