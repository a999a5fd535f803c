import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { describe, expect, it, vi } from 'vitest';
import { decodeAudio } from '../../../src/audio/decodeAudio.js';
import { resample } from '../../../src/audio/resample.js';
import { testData } from '../../support/testData.js';
import { decibels, rms } from '../signals.js';
import { firstFlag, lastFlag, onePage, readPages, writePages } from './oggFile.js';

const file = new Uint8Array(readFileSync(fileURLToPath(new URL('../../../data/esc10/audio/1-100032-A.ogg', import.meta.url))));
const pages = () => readPages(file);
const whole = (await decodeAudio(file)).channels[0];

describe('decodeAudio, Ogg as streams, taggers and recorders of broadcasts leave it', () => {
  it('puts pages together as they were', () => expect(writePages(pages())).toEqual(file));

  it('uses a stream without an end mark whole, and says so', async () => {
    const open = pages().map((page) => ({ ...page, flags: page.flags & ~lastFlag }));
    const { channels, warnings } = await decodeAudio(writePages(open));
    expect(channels[0]).toEqual(whole);
    expect(warnings).toEqual([expect.stringContaining('page that ends the Ogg stream is missing')]);
  });

  it('leaves a film beside the sound out, before and behind its first page', async () => {
    const film = onePage('\x80theora', 77);
    const more = { ...film, flags: lastFlag, sequence: 1 };
    const [head, ...rest] = pages();
    for (const mixed of [
      [head, film, more, ...rest],
      [film, head, more, ...rest],
    ]) {
      const { channels, warnings } = await decodeAudio(writePages(mixed));
      expect(channels[0]).toEqual(whole);
      expect(warnings).toEqual([expect.stringMatching(/^Ogg holds .*Theora video/)]);
    }
  });

  it('takes the first of two streams of sound, with a warning', async () => {
    const second = pages().map((page) => ({ ...page, serial: 99 }));
    const mixed = pages().flatMap((page, i) => [page, second[i]]);
    const { channels, warnings } = await decodeAudio(writePages(mixed));
    expect(channels[0]).toEqual(whole);
    expect(warnings).toEqual(['Ogg holds a second stream of sound, which was left out']);
  });

  it.each(['another', 'the same'])('plays files that hang together by %s number one behind the other', async (which) => {
    const second = pages().map((page) => ({ ...page, serial: which === 'another' ? 99 : page.serial }));
    const { channels, warnings } = await decodeAudio(writePages([...pages(), ...second]));
    expect(warnings).toEqual([]);
    expect(channels[0]).toEqual(Float32Array.from([...whole, ...whole]));
  });

  it('begins where a listener joined: sound from there to the end, whatever the clock says', async () => {
    const all = pages();
    const joined = [...all.slice(0, 2), ...all.slice(4)].map((page) => ({
      ...page,
      granule: page.granule > 0n ? page.granule + 9_000_000n : page.granule,
    }));
    const { channels, numFrames, warnings } = await decodeAudio(writePages(joined));
    const seconds = ((9_000_000 + whole.length - numFrames) / 22_050).toFixed(1);
    expect(warnings).toEqual([`the Ogg stream was joined ${seconds} s after its beginning`]);
    const missing = Number(all[3].granule);
    expect(numFrames).toBeLessThan(whole.length - missing + 1);
    expect(numFrames).toBeGreaterThan(whole.length - missing - 4096);
    // The first packet only fills the overlap.
    expect(channels[0].subarray(2048)).toEqual(whole.subarray(whole.length - numFrames + 2048));
  });

  it('cuts the end where the last page says, and drops what lies before 0', async () => {
    const all = pages();
    const last = all[all.length - 1];
    last.granule -= 500n;
    expect((await decodeAudio(writePages(all))).channels[0]).toEqual(whole.subarray(0, -500));
    const early = pages().map((page) => ({ ...page, granule: page.granule > 0n ? page.granule - 300n : page.granule }));
    expect((await decodeAudio(writePages(early))).channels[0]).toEqual(whole.subarray(300));
  });

  it('asks the decoder for sound alone: of headers it would return tens of thousands of empty channels', async () => {
    const decodeOggPages = vi.spyOn(OggVorbisDecoder.prototype, 'decodeOggPages');
    await decodeAudio(file);
    const results = await Promise.all(decodeOggPages.mock.results.map(({ value }) => value));
    decodeOggPages.mockRestore();
    expect(results.length).toBeGreaterThan(0);
    for (const { channelData } of results) expect(channelData).toHaveLength(1);
  });

  it('says what is missing of a stream without its headers, and of codecs that are not decoded', async () => {
    await expect(decodeAudio(writePages(pages().slice(3)))).rejects.toThrow('without the headers of its stream');
    const speex = [onePage('Speex   1.2', 5)];
    await expect(decodeAudio(writePages(speex), { file: 'a.spx' })).rejects.toThrow(
      'Ogg with Speex, expected Vorbis, Opus or FLAC; convert it: ffmpeg',
    );
    expect(onePage('x', 1).flags).toBe(firstFlag);
  });

  const folder = testData('odd_audio');
  it.skipIf(folder === undefined)('decodes Opus in step with what was encoded (skipped without the data folder)', async () => {
    const odd = (name: string) => new Uint8Array(readFileSync(join(folder ?? '', 'derived', name)));
    const reference = (await decodeAudio(odd('ref_s16_44100_mono.wav'))).channels[0];
    const { channels, sampleRate, format, warnings } = await decodeAudio(odd('opus.opus'));
    expect([sampleRate, format, warnings, channels[0].length]).toEqual([48_000, 'Ogg Opus', [], 72_000]);
    const same = resample(channels[0], { from: 48_000, to: 44_100 });
    const error = same.map((v, i) => v - reference[i]);
    expect(same).toHaveLength(reference.length);
    // A shift by the pre-skip (312 samples) would leave nothing of it.
    expect(decibels(rms(reference) / rms(error))).toBeGreaterThan(10);
  });
});
