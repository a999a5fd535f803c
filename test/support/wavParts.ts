/** Pieces of RIFF files, to be put together wrongly as well as rightly. */

/** `fmt ` of plain PCM (1) or float (3). */
export function formatChunk({ code = 1, channels = 1, sampleRate = 22_050, bits = 16 } = {}): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(channels, 2);
  bytes.writeUInt32LE(sampleRate, 4);
  bytes.writeUInt32LE((sampleRate * channels * bits) / 8, 8);
  bytes.writeUInt16LE((channels * bits) / 8, 12);
  bytes.writeUInt16LE(bits, 14);
  return chunk('fmt ', bytes);
}

/** A chunk with its pad byte, and a size that may lie. */
export function chunk(id: string, content: Uint8Array, size = content.length): Uint8Array {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

/** The file, and a size that may lie. */
export function riff(chunks: readonly Uint8Array[], { size, magic = 'RIFF' }: { size?: number; magic?: string } = {}): Uint8Array {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  const head = Buffer.alloc(8);
  head.write(magic, 'latin1');
  head.writeUInt32LE(size ?? body.length, 4);
  return new Uint8Array(Buffer.concat([head, body]));
}

/** Samples of full scale 1 as integers of 16, 24 or 32 bits, or as floats. */
export function sampleBytes(samples: ArrayLike<number>, kind: 16 | 24 | 32 | 'float' = 16): Uint8Array {
  if (kind === 'float') return new Uint8Array(Float32Array.from(samples).buffer);
  const width = kind / 8;
  const bytes = Buffer.alloc(samples.length * width);
  const limit = 2 ** (kind - 1);
  for (let i = 0; i < samples.length; i++)
    bytes.writeIntLE(Math.max(-limit, Math.min(limit - 1, Math.round(samples[i] * (limit - 1)))), i * width, width);
  return bytes;
}

/** Channels [c][n] as one row of samples, channel after channel for each moment. */
export function interleave(channels: readonly ArrayLike<number>[]): Float32Array {
  return Float32Array.from(
    { length: channels.length * channels[0].length },
    (_, i) => channels[i % channels.length][Math.floor(i / channels.length)],
  );
}

/** An ID3v2.3 tag with `size` bytes of nothing in it. */
export function id3v2(size: number): Uint8Array {
  return Buffer.concat([
    Buffer.from([0x49, 0x44, 0x33, 3, 0, 0, (size >> 21) & 127, (size >> 14) & 127, (size >> 7) & 127, size & 127]),
    Buffer.alloc(size),
  ]);
}
