import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aLawTable, muLawTable } from '../../../src/audio/decode/companding.js';
import { decodeAudio } from '../../../src/audio/decodeAudio.js';
import golden from '../../golden/audio/audio.json' with { type: 'json' };
import { int16Bytes, wavFile } from '../signals.js';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('G.711 tables', () => {
  it("equal CPython's audioop", () => {
    expect([...aLawTable]).toEqual(golden.aLaw);
    expect([...muLawTable]).toEqual(golden.muLaw);
  });
});

describe('decodeAudio, WAV', () => {
  it.each([
    ['8-bit', { bits: 8 }, bytes(0, 64, 128, 255), [-1, -0.5, 0, 127 / 128]],
    ['16-bit', { bits: 16 }, int16Bytes([-32_768, -1, 0, 32_767]), [-1, -1 / 32_768, 0, 32_767 / 32_768]],
    ['24-bit', { bits: 24 }, bytes(0, 0, 0x80, 0xff, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0x7f), [-1, -(2 ** -23), 0, 1 - 2 ** -23]],
    ['32-bit', { bits: 32 }, new Uint8Array(Int32Array.of(-(2 ** 31), 2 ** 30, 0).buffer), [-1, 0.5, 0]],
    ['float32', { bits: 32, formatTag: 3 }, new Uint8Array(Float32Array.of(-2.5, 0.1, 1e-30).buffer), [-2.5, 0.1, 1e-30]],
    ['float64', { bits: 64, formatTag: 3 }, new Uint8Array(Float64Array.of(-2.5, 0.1, 0).buffer), [-2.5, 0.1, 0]],
    ['A-law', { bits: 8, formatTag: 6 }, bytes(0x2a, 0xaa, 0xd5), [-32_256 / 32_768, 32_256 / 32_768, 8 / 32_768]],
    ['mu-law', { bits: 8, formatTag: 7 }, bytes(0x00, 0x80, 0xff), [-32_124 / 32_768, 32_124 / 32_768, 0]],
  ] as const)('%s: exact values', async (_, options, data, expected) => {
    const { channels, numFrames, sampleRate, warnings } = await decodeAudio(wavFile(data, options));
    expect([numFrames, sampleRate, warnings]).toEqual([expected.length, 22_050, []]);
    expect(channels[0]).toEqual(Float32Array.from(expected));
  });

  it('reads a view into a larger buffer and separates channels', async () => {
    const file = wavFile(int16Bytes([1, 2, 3, 4, 5, 6]), { channels: 2 });
    const pool = new Uint8Array(file.length + 7);
    pool.set(file, 3);
    const { channels } = await decodeAudio(pool.subarray(3, 3 + file.length));
    expect(channels).toEqual([Float32Array.of(1, 3, 5), Float32Array.of(2, 4, 6)].map((c) => c.map((v) => v / 32_768)));
  });

  it('walks any chunks before the data, padded or not', async () => {
    const chunk = fc.tuple(fc.constantFrom('LIST', 'JUNK', 'bext', 'abcd'), fc.uint8Array({ maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 5 }), async (before) => {
        const { channels } = await decodeAudio(wavFile(int16Bytes([100, -200, 300]), { before }));
        expect(channels[0]).toEqual(Float32Array.of(100 / 32_768, -200 / 32_768, 300 / 32_768));
      }),
    );
    // Without the pad byte: the odd chunk's content is one byte shorter than its neighbour's place.
    const padded = wavFile(int16Bytes([7]), { before: [['LIST', bytes(1, 2, 3)]] });
    const at = Buffer.from(padded).indexOf('data') - 1;
    const unpadded = new Uint8Array([...padded.subarray(0, at), ...padded.subarray(at + 1)]);
    expect((await decodeAudio(unpadded)).channels[0]).toEqual(Float32Array.of(7 / 32_768));
  });

  it.each([
    ['ffmpeg to a pipe', 0xffffffff, 0xffffffff],
    ['sox to a pipe', 0x7ffff024, 0x7ffff000],
    ['a recorder that lost power', 0, 0],
    ['a header written before the first sample', 36, 0],
  ])('reads to the end where %s left the sizes unknown, and says so', async (_, riffSize, dataSize) => {
    const file = wavFile(int16Bytes([1, 2, 3]));
    new DataView(file.buffer).setUint32(4, riffSize, true);
    new DataView(file.buffer).setUint32(40, dataSize, true);
    expect(await decodeAudio(file)).toMatchObject({ numFrames: 3, warnings: [expect.stringContaining('never filled in')] });
  });

  it('believes a size of 0 in a header that was filled in, and takes no chunk behind it for samples', async () => {
    const after = Buffer.from('LIST\x04\0\0\0abcd', 'latin1');
    const file = new Uint8Array(Buffer.concat([wavFile(new Uint8Array(0)), after]));
    new DataView(file.buffer).setUint32(4, file.length - 8, true);
    await expect(decodeAudio(file)).rejects.toThrow('holds 0 samples');
  });

  it('takes the first of two formats and of two data chunks', async () => {
    const other = wavFile(new Uint8Array(0), { channels: 2, sampleRate: 44_100 }).subarray(20, 36);
    const before: [string, Uint8Array][] = [
      ['fmt ', other],
      ['data', int16Bytes([5, 6])],
    ];
    const { sampleRate, channels, warnings } = await decodeAudio(wavFile(int16Bytes([1, 2, 3]), { before }));
    expect([sampleRate, channels]).toEqual([22_050, [Float32Array.of(5 / 32_768, 6 / 32_768)]]);
    expect(warnings).toEqual(['there is a second data chunk, which was left out']);
  });

  it('reads samples of 24 bits, left-justified in 4 bytes, as blockAlign says', async () => {
    const file = wavFile(new Uint8Array(Int32Array.of(2 ** 30, -(2 ** 31), 256).buffer), { bits: 24 });
    new DataView(file.buffer).setUint16(32, 4, true);
    const { channels, warnings } = await decodeAudio(file);
    expect([channels, warnings]).toEqual([[Float32Array.of(0.5, -1, 2 ** -23)], []]);
  });

  it('says what was mended', async () => {
    const oddTail = wavFile(bytes(1, 0, 2, 0, 3));
    expect(await decodeAudio(oddTail)).toMatchObject({ numFrames: 2, warnings: [expect.stringContaining('last 1 bytes')] });
  });

  it.each([
    [{ channels: 0 }, '1 to 256 channels, got 0'],
    [{ sampleRate: 999 }, '1000 to 768000 Hz, got 999'],
    [{ sampleRate: 768_001 }, '1000 to 768000 Hz, got 768001'],
    [{ bits: 64 }, 'has 64 bits a sample'],
    [{ bits: 16, formatTag: 3 }, 'has 16 bits a sample'],
    [{ formatTag: 2 }, 'Microsoft ADPCM'],
    [{ formatTag: 0x1234 }, 'codec 0x1234 (unknown)'],
  ])('refuses %j, naming file, chunk and remedy', async (options, message) => {
    const attempt = decodeAudio(wavFile(int16Bytes([1, 2, 3, 4]), options), { file: 'a b.wav' });
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(/decodeAudio: a b\.wav: .*ffmpeg -i 'a b\.wav' -c:a pcm_s16le 'a b\.wav\.wav'/);
  });

  it('refuses each sample that is not finite', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const data = new Uint8Array(Float32Array.of(0, 0.5, bad).buffer);
      await expect(decodeAudio(wavFile(data, { bits: 32, formatTag: 3 }))).rejects.toThrow('sample 2 of channel 0 must be finite');
    }
    // A float64 beyond float32's range becomes infinite.
    const data = new Uint8Array(Float64Array.of(1e300).buffer);
    await expect(decodeAudio(wavFile(data, { bits: 64, formatTag: 3 }))).rejects.toThrow('must be finite');
  });
});
