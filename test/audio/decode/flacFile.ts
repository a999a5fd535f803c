import { createHash } from 'node:crypto';

/** CRC of `bits` bits, most significant bit first, start value 0. */
function crc(bytes: Uint8Array, bits: number, polynomial: number): number {
  let value = 0;
  for (const byte of bytes) {
    value ^= byte << (bits - 8);
    for (let i = 0; i < 8; i++) value = (value & (1 << (bits - 1)) ? (value << 1) ^ polynomial : value << 1) & (2 ** bits - 1);
  }
  return value;
}

/**
 * The smallest FLAC file there is: STREAMINFO and frames of verbatim samples (16 to 65,535 a channel; 8000 Hz), a single one unless
 * `blockSize` says otherwise.
 */
export function flacFile({
  channels,
  bits,
  sampleRate,
  blockSize = channels[0].length,
}: {
  channels: number[][];
  bits: number;
  sampleRate: 8000;
  blockSize?: number;
}): Uint8Array {
  const numSamples = channels[0].length;
  const sampleBytes = bits / 8;
  const interleaved = Buffer.alloc(numSamples * channels.length * sampleBytes);
  for (let i = 0, at = 0; i < numSamples; i++) for (const channel of channels) at = interleaved.writeIntLE(channel[i], at, sampleBytes);

  const info = Buffer.alloc(34);
  info.writeUInt16BE(blockSize, 0);
  info.writeUInt16BE(blockSize, 2);
  info.writeUIntBE((sampleRate << 4) | ((channels.length - 1) << 1) | ((bits - 1) >> 4), 10, 3);
  info[13] = ((bits - 1) & 15) << 4;
  info.writeUInt32BE(numSamples, 14);
  createHash('md5').update(interleaved).digest().copy(info, 18);

  const frames: Buffer[] = [];
  for (let start = 0; start < numSamples; start += blockSize) {
    const block = channels.map((channel) => channel.slice(start, start + blockSize));
    frames.push(flacFrame(block, bits, frames.length));
  }
  return new Uint8Array(Buffer.concat([Buffer.from('fLaC'), Buffer.from([0x80, 0, 0, 34]), info, ...frames]));
}

/** A frame of verbatim samples; `number` below 128. */
function flacFrame(channels: number[][], bits: number, number: number): Buffer {
  const sampleBytes = bits / 8;
  // Block size given in 16 bits at the header's end, rate 8 kHz (code 4), independent channels.
  const header = Buffer.alloc(8);
  header.writeUInt16BE(0xfff8, 0);
  header[2] = 0x74;
  header[3] = ((channels.length - 1) << 4) | ((bits === 16 ? 4 : 6) << 1);
  header[4] = number;
  header.writeUInt16BE(channels[0].length - 1, 5);
  header[7] = crc(header.subarray(0, 7), 8, 0x07);
  const subframes = channels.map((channel) => {
    const subframe = Buffer.alloc(1 + channel.length * sampleBytes);
    subframe[0] = 0x02; // verbatim
    for (const [i, value] of channel.entries()) subframe.writeIntBE(value, 1 + i * sampleBytes, sampleBytes);
    return subframe;
  });
  const frame = Buffer.concat([header, ...subframes]);
  const footer = Buffer.alloc(2);
  footer.writeUInt16BE(crc(frame, 16, 0x8005));
  return Buffer.concat([frame, footer]);
}
