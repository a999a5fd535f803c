import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeAudio } from '../../../src/audio/decodeAudio.js';
import { testData } from '../../support/testData.js';
import { tone } from '../signals.js';
import { flacFile } from './flacFile.js';

const folder = testData('odd_audio');
const odd = (name: string) => new Uint8Array(readFileSync(join(folder ?? '', 'derived', name)));
const esc10Clip = () => new Uint8Array(readFileSync(fileURLToPath(new URL('../../../data/esc10/audio/1-100032-A.ogg', import.meta.url))));

describe('decodeAudio, FLAC', () => {
  it.each([16, 24])('%i-bit: gives back every integer, full scale too, with the right MD5', async (bits) => {
    const limit = 2 ** (bits - 1);
    const left = [-limit, limit - 1, 0, 1, -1, ...tone(440, 8000, 300).map((v) => Math.trunc(v * (limit - 1)) + 0)];
    const right = left.map((v) => -v - 1);
    const { channels, numFrames, warnings, format } = await decodeAudio(flacFile({ channels: [left, right], bits, sampleRate: 8000 }));
    expect([numFrames, warnings, format]).toEqual([305, [], `FLAC, ${bits}-bit`]);
    expect(channels).toEqual([left, right].map((channel) => Float32Array.from(channel, (v) => v / limit)));
  });

  it('finds a changed MD5, too many promised samples and frames that are gone', async () => {
    const file = flacFile({ channels: [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]], bits: 16, sampleRate: 8000 });
    const changed = (at: number, value: number) => {
      const copy = file.slice();
      copy[at] = value;
      return copy;
    };
    await expect(decodeAudio(changed(30, file[30] ^ 1))).rejects.toThrow('MD5 is not the one');
    expect(await decodeAudio(changed(25, 17))).toMatchObject({ numFrames: 16, warnings: [expect.stringContaining('of 17 promised')] });
    await expect(decodeAudio(changed(24, 16))).rejects.toThrow('16 samples were decoded, FLAC STREAMINFO promises 4112');
    expect(await decodeAudio(changed(24, 16), { salvage: true })).toMatchObject({
      numFrames: 16,
      warnings: [expect.stringContaining('promises 4112')],
    });
    await expect(decodeAudio(file.subarray(0, 42))).rejects.toThrow('0 samples were decoded');
    await expect(decodeAudio(file.subarray(0, 41))).rejects.toThrow('without its STREAMINFO');
    await expect(decodeAudio(changed(23, 0xff))).rejects.toThrow('STREAMINFO promises');
    // A promise of 2^36 samples takes no memory.
    await expect(decodeAudio(changed(21, file[21] | 15))).rejects.toThrow('16 samples were decoded, FLAC STREAMINFO promises 64424509456');
  });
});

describe('decodeAudio, Ogg Vorbis', () => {
  it('decodes a bundled clip to the length of its last granule', async () => {
    expect(await decodeAudio(esc10Clip())).toMatchObject({ sampleRate: 22_050, format: 'Ogg Vorbis', warnings: [] });
  });

  it('finds a damaged page, a missing page and a missing end', async () => {
    const file = esc10Clip();
    const pages: number[] = [];
    for (let at = 0; at >= 0; at = Buffer.from(file).indexOf('OggS', at + 4)) pages.push(at);
    const whole = await decodeAudio(file);
    const damaged = file.slice();
    damaged[(pages[3] + pages[4]) >> 1] ^= 1;
    await expect(decodeAudio(damaged)).rejects.toThrow('page 3 has a wrong checksum');
    const gap = new Uint8Array([...file.subarray(0, pages[3]), ...file.subarray(pages[4])]);
    await expect(decodeAudio(gap)).rejects.toThrow('1 page is missing');
    const last = pages[pages.length - 1];
    expect((await decodeAudio(file.subarray(0, last))).warnings).toEqual([
      expect.stringContaining('page that ends the Ogg stream is missing'),
    ]);
    await expect(decodeAudio(file.subarray(0, last + 100))).rejects.toThrow('last page is cut off');
    const salvaged = await decodeAudio(file.subarray(0, last + 100), { salvage: true });
    expect(salvaged.warnings).toHaveLength(1);
    expect(salvaged.numFrames).toBeGreaterThan(0.5 * whole.numFrames);
    expect(salvaged.numFrames).toBeLessThan(whole.numFrames);
    expect(salvaged.channels[0]).toEqual(whole.channels[0].subarray(0, salvaged.numFrames));
  });

  it('decodes several files at once as one after another', async () => {
    const file = esc10Clip();
    const alone = await decodeAudio(file);
    const together = await Promise.all([1, 2, 3, 4].map(() => decodeAudio(file)));
    for (const { channels } of together) expect(channels).toEqual(alone.channels);
  });
});

describe.skipIf(!folder)('decodeAudio, MP3 (skipped without the data folder)', () => {
  it('has the channels of its header', async () => {
    expect((await decodeAudio(odd('mp3.mp3'))).channels).toHaveLength(1);
  });

  it('finds missing frames by the Info tag, naming both counts', async () => {
    const file = odd('mp3.mp3');
    const cut = file.subarray(0, 6000);
    await expect(decodeAudio(cut)).rejects.toThrow(/samples were decoded, the MP3 header promises 66150 \(\d+ of \d+ frames are there\)/);
    const salvaged = await decodeAudio(cut, { salvage: true });
    expect(salvaged.warnings[0]).toContain('promises 66150');
    expect(salvaged.numFrames).toBeGreaterThan(20_000);
    // Against the whole file, away from the cut.
    const whole = await decodeAudio(file);
    expect(salvaged.channels[0].subarray(0, 20_000)).toEqual(whole.channels[0].subarray(0, 20_000));
  });
});
