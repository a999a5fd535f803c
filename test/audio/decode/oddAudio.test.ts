import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clipLogMel } from '../../../src/audio/clipLogMel.js';
import { type DecodedAudio, decodeAudio } from '../../../src/audio/decodeAudio.js';
import { resolveFrontEnd } from '../../../src/audio/frontEnd.js';
import { readAudio } from '../../../src/audio/readAudio.js';
import { parseCsv } from '../../../src/util/csv.js';
import { AudiosslError } from '../../../src/util/errors.js';
import { testData } from '../../support/testData.js';

const folder = testData('odd_audio');

// The manifest may be absent, and the table is made before tests are skipped.
const rows = folder ? parseCsv(readFileSync(join(folder, 'manifest.csv'), 'utf8'), 'manifest.csv').rows : [];
const bytesOf = (path: string) => new Uint8Array(readFileSync(join(folder ?? '', path)));
const reference = async () => (await decodeAudio(bytesOf('derived/ref_s16_44100_mono.wav'))).channels[0];

/** What a file did: the decoded audio or the error's text. Anything thrown but an AudiosslError fails the test. */
async function outcome(path: string, salvage = false): Promise<DecodedAudio | string> {
  try {
    return await readAudio(join(folder ?? '', path), { salvage });
  } catch (error) {
    expect(error).toBeInstanceOf(AudiosslError);
    return (error as AudiosslError).message;
  }
}

describe.skipIf(!folder)('odd_audio: every file does what its manifest says (skipped without the data folder)', () => {
  it('has its 203 files', () => expect(rows.length).toBe(203));

  it.each(rows)('$must: $path', async ({ path, must, sampleRate, channels, numFrames, advice }) => {
    const result = await outcome(path);
    if (typeof result === 'string') {
      expect(must).not.toBe('decode');
      expect(result).toContain(path);
      expect(result).not.toContain('\n');
      // A remedy stands after the problem.
      expect(result).toMatch(/; /);
      return;
    }
    // PCM in Apple's and Sony's boxes is decoded, which the manifest did not ask for.
    if (!/[.](caf|w64)$/.test(path)) expect(must).not.toBe('reject');
    expect(result.numFrames).toBeGreaterThan(0);
    expect(result.channels.map((channel) => channel.length)).toEqual(new Array(result.channels.length).fill(result.numFrames));
    if (numFrames)
      expect([result.sampleRate, result.channels.length, result.numFrames]).toEqual([sampleRate, channels, numFrames].map(Number));
    if (advice.includes('identical')) expect(result.channels[0]).toEqual(await reference());
    expect(clipLogMel(result, resolveFrontEnd()).data.every(Number.isFinite)).toBe(true);
  });

  // Steps of the coding: half a step of rounding, and the writers' truncation where they truncate.
  it.each([
    ['derived/pcm_u8.wav', 1 / 128],
    ['derived/pcm_s24le.wav', 1 / 32_768],
    ['derived/s24_no_extensible.wav', 1 / 32_768],
    ['derived/pcm_s32le.wav', 1 / 32_768],
    ['derived/pcm_f32le.wav', 1 / 32_768],
    ['derived/pcm_f64le.wav', 1 / 32_768],
    ['derived/extensible_20in24.wav', 1 / 32_768],
    ['derived/extensible_24in32.wav', 1 / 32_768],
    ['derived/rf64.wav', 0],
    ['derived/flac16.flac', 0],
    ['derived/really_flac.wav', 0],
    ['derived/odd_chunk_not_padded.wav', 0],
    ['derived/data_before_fmt.wav', 0],
    ['derived/leading_id3.wav', 0],
    ['derived/streamed_ffffffff.wav', 0],
    ['derived/streamed_zero_sizes.wav', 0],
    ['derived/aiff.aiff', 0],
    ['derived/au.au', 0],
    ['derived/caf.caf', 0],
    ['derived/flac_in_ogg.oga', 0],
  ])('%s holds the samples of the reference within %f', async (path, step) => {
    const { channels } = await decodeAudio(bytesOf(path));
    expect(channels[0]).toBeAllClose(await reference(), { atol: step });
  });

  it.each([
    ['derived/pcm_alaw.wav', 30],
    ['derived/pcm_mulaw.wav', 30],
    ['derived/vorbis.ogg', 10],
    ['derived/mp3.mp3', 10],
  ])('%s is the reference with at least %i dB between signal and error', async (path, minimum) => {
    const { channels } = await decodeAudio(bytesOf(path));
    const expected = await reference();
    let signal = 0;
    let error = 0;
    expected.forEach((v, i) => {
      signal += v ** 2;
      error += (v - channels[0][i]) ** 2;
    });
    expect(10 * Math.log10(signal / error)).toBeGreaterThan(minimum);
  });

  it('mixes the channels by their mean: antiphase is silence', async () => {
    const { channels } = await decodeAudio(bytesOf('derived/stereo_antiphase.wav'));
    expect(channels[0].some((v) => v !== 0)).toBe(true);
    const { data } = clipLogMel({ channels, sampleRate: 44_100 }, resolveFrontEnd());
    expect(Math.max(...data)).toBeLessThan(-7.9);
  });

  it.each([
    ['derived/truncated_half.wav', 'promises 66150 samples a channel, the file holds 33075', 33_075],
    ['derived/truncated_odd_byte.wav', 'promises 66150 samples a channel, the file holds 33075', 33_075],
    ['derived/truncated.flac', '27648 samples were decoded, FLAC STREAMINFO promises 66150', 27_648],
    ['derived/corrupt_frame.flac', 'samples were decoded, FLAC STREAMINFO promises 66150', undefined],
    ['derived/truncated.ogg', 'the last page is cut off', undefined],
  ])('%s: damage is an error naming the counts, or with salvage a warning', async (path, message, numFrames) => {
    expect(await outcome(path)).toContain(message);
    const salvaged = await outcome(path, true);
    if (typeof salvaged === 'string') {
      expect(salvaged).toContain('0 samples were decoded');
      return;
    }
    expect(salvaged.warnings.join()).toContain(message);
    if (numFrames !== undefined) expect(salvaged.numFrames).toBe(numFrames);
    expect(clipLogMel(salvaged, resolveFrontEnd()).data.every(Number.isFinite)).toBe(true);
  });

  it.each([
    ['derived/adpcm_ima_wav.wav', 'names codec 0x0011 (IMA ADPCM)'],
    ['derived/gsm610.wav', 'GSM 6.10'],
    ['derived/mp3_in_wav.wav', 'MP3'],
    ['derived/text.wav', 'this is text'],
    ['derived/html_error_page.wav', 'HTML page'],
    ['derived/git_lfs_pointer.wav', 'git lfs pull'],
    ['derived/zero_bytes.wav', '0 bytes'],
    ['derived/header_only_no_data.wav', '0 samples'],
    ['derived/float_nan_inf.wav', 'sample 1000 of channel 0 must be finite, got NaN'],
    ['derived/chunk_size_negative.wav', 'chunk "LIST" claims 4294967288 bytes'],
  ])('%s: the error says "%s"', async (path, text) => {
    expect(await outcome(path)).toContain(text);
  });
});
