import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeAudio } from '../../../src/audio/decodeAudio.js';
import { readAudio } from '../../../src/audio/readAudio.js';
import { noisyTone } from '../../support/oddRecordings.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { chunk, formatChunk, riff, sampleBytes } from '../../support/wavParts.js';
import { bigEndian, type Field } from './bigEndian.js';

const rate = 44_100;
/** 44,100 as an 80-bit number: 2^15 x 1.3458... */
const extendedRate: Field[] = ['u16:16398', 'u32:2890137600', 'u32:0'];
const values = [-1, -0.5, 0, 0.25];
const pcm = (bits: 8 | 16 | 24 | 32, isLittle = false): Uint8Array => {
  const out = Buffer.alloc((values.length * bits) / 8);
  values.forEach((v, i) => {
    const at = (i * bits) / 8;
    if (isLittle) out.writeIntLE(v * 2 ** (bits - 1), at, bits / 8);
    else out.writeIntBE(v * 2 ** (bits - 1), at, bits / 8);
  });
  return out;
};
const floats = (width: 4 | 8): Uint8Array => {
  const out = Buffer.alloc(values.length * width);
  for (const [i, v] of values.entries()) width === 4 ? out.writeFloatBE(v, i * 4) : out.writeDoubleBE(v, i * 8);
  return out;
};

function aiff(
  sound: Uint8Array,
  { bits = 16, codec = undefined as string | undefined, count = 4, size = undefined as number | undefined } = {},
): Uint8Array {
  const common = bigEndian('u16:1', `u32:${count}`, `u16:${bits}`, ...extendedRate, ...(codec ? [codec, 'u16:0' as Field] : []));
  const body = Buffer.concat([
    bigEndian('COMM', `u32:${common.length}`),
    common,
    bigEndian('SSND', `u32:${size ?? sound.length + 8}`, 'u32:0', 'u32:0'),
    sound,
  ]);
  return Buffer.concat([bigEndian('FORM', `u32:${body.length + 4}`, codec ? 'AIFC' : 'AIFF'), body]);
}

function au(sound: Uint8Array, encoding: number, size = sound.length): Uint8Array {
  return Buffer.concat([bigEndian('.snd', 'u32:28', `u32:${size}`, `u32:${encoding}`, `u32:${rate}`, 'u32:1', 'u32:0'), sound]);
}

function caf(sound: Uint8Array, { codec = 'lpcm', flags = 0, bits = 16, size = sound.length + 4 } = {}): Uint8Array {
  return Buffer.concat([
    bigEndian(
      'caff',
      'u16:1',
      'u16:0',
      'desc',
      'i64:32',
      `f64:${rate}`,
      codec,
      `u32:${flags}`,
      `u32:${bits / 8}`,
      'u32:1',
      'u32:1',
      `u32:${bits}`,
    ),
    bigEndian('free', 'i64:3', 'u16:0'),
    Buffer.alloc(1),
    bigEndian('data', `i64:${size}`, 'u32:0'),
    sound,
  ]);
}

/** Sony Wave64 of mono 16-bit samples, with a size of its data chunk that may lie. */
function wave64(sound: Uint8Array, size = sound.length): Uint8Array {
  const part = (id: string, content: Uint8Array, claimed = content.length) => {
    const head = Buffer.alloc(24);
    head.write(id, 'latin1');
    head.write('f3acd3118cd100c04f8edb8a', 4, 'hex');
    head.writeBigUInt64LE(BigInt(24 + claimed), 16);
    return Buffer.concat([head, content, Buffer.alloc(-content.length & 7)]);
  };
  const parts = Buffer.concat([part('fmt ', formatChunk({ sampleRate: rate }).subarray(8)), part('data', sound, size)]);
  const head = Buffer.alloc(40);
  head.write('726966662e91cf11a5d628db04c10000', 0, 'hex');
  head.writeBigUInt64LE(BigInt(40 + parts.length), 16);
  head.write('wave\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a', 24, 'latin1');
  return Buffer.concat([head, parts]);
}

const exact: [name: string, file: Uint8Array, format: string][] = [
  ['AIFF, 8 bits', aiff(pcm(8), { bits: 8 }), 'AIFF, 8-bit PCM'],
  ['AIFF, 16 bits', aiff(pcm(16)), 'AIFF, 16-bit PCM'],
  ['AIFF, 24 bits', aiff(pcm(24), { bits: 24 }), 'AIFF, 24-bit PCM'],
  ['AIFF, 32 bits', aiff(pcm(32), { bits: 32 }), 'AIFF, 32-bit PCM'],
  ['AIFF, 12 bits, left-justified', aiff(pcm(16), { bits: 12 }), 'AIFF, 12-bit PCM'],
  ['AIFF-C, little-endian', aiff(pcm(16, true), { codec: 'sowt' }), 'AIFF-C, 16-bit PCM'],
  ['AIFF-C, 24 bits from a Mac', aiff(pcm(24, true), { codec: '42ni', bits: 16 }), 'AIFF-C, 24-bit PCM'],
  ['AIFF-C, floats', aiff(floats(4), { codec: 'fl32', bits: 32 }), 'AIFF-C, 32-bit float'],
  ['AIFF-C, doubles', aiff(floats(8), { codec: 'FL64', bits: 64 }), 'AIFF-C, 64-bit float'],
  ['AIFF whose counts were never filled in', aiff(pcm(16), { count: 0, size: 0 }), 'AIFF, 16-bit PCM'],
  ['AU, 8 bits', au(pcm(8), 2), 'Sun AU, 8-bit PCM'],
  ['AU, 24 bits', au(pcm(24), 4), 'Sun AU, 24-bit PCM'],
  ['AU, doubles', au(floats(8), 7), 'Sun AU, 64-bit float'],
  ['AU of unknown length', au(pcm(16), 3, 0xffffffff), 'Sun AU, 16-bit PCM'],
  ['CAF, 16 bits', caf(pcm(16)), 'Apple CAF, 16-bit PCM'],
  ['CAF, little-endian, 32 bits', caf(pcm(32, true), { flags: 2, bits: 32 }), 'Apple CAF, 32-bit PCM'],
  ['CAF, floats', caf(floats(4), { flags: 1, bits: 32 }), 'Apple CAF, 32-bit float'],
  ['AIFF by sox to a pipe', aiff(pcm(16), { count: 0x3f800000, size: 0x7f000008 }), 'AIFF, 16-bit PCM'],
  ['AIFF-C by sox to a pipe', aiff(pcm(24), { count: 709_961_045, size: 0x7f000007, bits: 24, codec: 'NONE' }), 'AIFF-C, 24-bit PCM'],
  ['Wave64', wave64(pcm(16, true)), 'Sony Wave64, 16-bit PCM'],
  ['Wave64 to the end of the file', wave64(pcm(16, true), 2 ** 53), 'Sony Wave64, 16-bit PCM'],
  ['CAF to the end of the file', caf(pcm(16), { size: -1 }), 'Apple CAF, 16-bit PCM'],
];

describe('decodeAudio, PCM in other boxes than WAV', () => {
  it.each(exact)('%s: exact values', async (_, file, format) => {
    const audio = await decodeAudio(new Uint8Array(file));
    expect([audio.sampleRate, audio.format]).toEqual([rate, format]);
    expect(audio.channels).toEqual([Float32Array.from(values)]);
  });

  // Half a second, of which the header tells a half.
  const long = Buffer.from(sampleBytes(noisyTone(1).subarray(0, 22_048)));
  const high = Buffer.from(long).swap16();
  const [n, half] = [long.length / 2, long.length / 4];
  it.each([
    ['AU', au(high, 3, n), `promises ${half} samples a channel, but what follows is no chunk and goes on like sound: all ${n}`],
    ['CAF', caf(high, { size: n + 4 }), `promises ${half} samples a channel, but what follows is no chunk`],
    ['Wave64', wave64(long, n), `promises ${half} samples a channel, but what follows is no chunk`],
    ['AIFF', aiff(high, { count: half, size: n + 8 }), `promises ${half} samples a channel, but what follows is no chunk`],
    ['AIFF whose count alone is wrong', aiff(high, { count: half }), `counts ${half} samples a channel, its chunk "SSND" holds ${n}`],
  ])('uses %s to its end where the header promises half of it, with a warning', async (_, file, says) => {
    const { numFrames, warnings } = await decodeAudio(new Uint8Array(file));
    expect([numFrames, warnings]).toEqual([n, [expect.stringContaining(says)]]);
  });

  it('ends the sound where another chunk begins', async () => {
    const note = bigEndian('ANNO', 'u32:30000');
    const behind = Buffer.concat([note, Buffer.alloc(30_000, 'x')]);
    const free = Buffer.concat([bigEndian('free', 'i64:30000'), Buffer.alloc(30_000, 9)]);
    for (const file of [Buffer.concat([aiff(high, { count: n }), behind]), Buffer.concat([caf(high), free])]) {
      const { numFrames, warnings } = await decodeAudio(new Uint8Array(file));
      expect([numFrames, warnings]).toEqual([n, []]);
    }
    // A count that reaches into it does not.
    const { numFrames, warnings } = await decodeAudio(new Uint8Array(Buffer.concat([aiff(high, { count: n + 5000 }), behind])));
    expect([numFrames, warnings]).toEqual([n, [expect.stringContaining('its chunk "SSND" holds')]]);
  });

  it.each([
    [aiff(pcm(16), { codec: 'ima4' }), 'AIFF-C with codec "ima4"'],
    [au(pcm(16), 23), 'Sun AU with encoding 23'],
    [caf(pcm(16), { codec: 'aac ' }), 'Apple CAF with codec "aac "'],
    [aiff(pcm(16)).subarray(0, 30), 'without its SSND chunk'],
    [caf(pcm(16)).subarray(0, 30), 'Apple CAF without a'],
  ])('names what it does not decode', async (file, message) => {
    await expect(decodeAudio(new Uint8Array(file))).rejects.toThrow(message);
  });

  it('reads the big-endian RIFX', async () => {
    const fmt = bigEndian('u16:1', 'u16:1', `u32:${rate}`, `u32:${2 * rate}`, 'u16:2', 'u16:16');
    const file = Buffer.concat([bigEndian('RIFX', 'u32:44', 'WAVE', 'fmt ', 'u32:16'), fmt, bigEndian('data', 'u32:8'), pcm(16)]);
    expect((await decodeAudio(new Uint8Array(file))).channels).toEqual([Float32Array.from(values)]);
  });

  it.each([14, 22, 40])('takes a fmt chunk whose extension claims %i bytes for what it holds', async (claimed) => {
    const extension = Buffer.alloc(24);
    extension.writeUInt16LE(claimed, 0);
    extension.write('0100000000001000800000aa00389b71', 8, 'hex');
    const fmt = Buffer.concat([formatChunk({ code: 0xfffe, sampleRate: rate }).subarray(8), extension]);
    const { channels } = await decodeAudio(riff([chunk('fmt ', fmt), chunk('data', pcm(16, true))]));
    expect(channels).toEqual([Float32Array.from(values)]);
  });

  it('reads beyond 2 GiB', async () => {
    const path = join(temporaryFolder(), 'far.wav');
    const far = 0x9000_0000;
    const head = Buffer.from(riff([formatChunk({ sampleRate: rate }), chunk('JUNK', new Uint8Array(0), far)], { size: far + 60 }));
    const handle = openSync(path, 'w');
    // Nothing is written in between: the file takes a few kilobytes.
    writeSync(handle, head, 0, head.length, 0);
    const tail = Buffer.from(chunk('data', pcm(16, true)));
    writeSync(handle, tail, 0, tail.length, head.length + far);
    ftruncateSync(handle, head.length + far + tail.length);
    closeSync(handle);
    expect((await readAudio(path)).channels).toEqual([Float32Array.from(values)]);
  });
});
