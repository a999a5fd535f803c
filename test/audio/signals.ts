/** The reference's test signal: x[n] = 0.5 sin(2 pi 440 n / 22050) + 0.1 (2 s / 2^32 - 1), s a linear congruential generator. */
export function referenceSignal(length = 22_050): Float32Array {
  let state = 12_345;
  return Float32Array.from({ length }, (_, n) => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    return 0.5 * Math.sin((2 * Math.PI * 440 * n) / 22_050) + 0.1 * ((2 * state) / 2 ** 32 - 1);
  });
}

export function tone(hz: number, sampleRate: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => Math.sin((2 * Math.PI * hz * n) / sampleRate));
}

export function rms(samples: ArrayLike<number>, start = 0, end = samples.length): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += samples[i] ** 2;
  return Math.sqrt(sum / (end - start));
}

export const decibels = (ratio: number) => 20 * Math.log10(ratio);

interface WavOptions {
  formatTag?: number;
  channels?: number;
  sampleRate?: number;
  bits?: number;
  /** Chunks between fmt and data, as [id, content]. */
  before?: [string, Uint8Array][];
}

/** A RIFF/WAVE file around `data`. */
export function wavFile(
  data: Uint8Array,
  { formatTag = 1, channels = 1, sampleRate = 22_050, bits = 16, before = [] }: WavOptions = {},
): Uint8Array {
  const fmt = new DataView(new ArrayBuffer(16));
  fmt.setUint16(0, formatTag, true);
  fmt.setUint16(2, channels, true);
  fmt.setUint32(4, sampleRate, true);
  fmt.setUint32(8, (sampleRate * channels * bits) / 8, true);
  fmt.setUint16(12, (channels * bits) / 8, true);
  fmt.setUint16(14, bits, true);
  const chunk = (id: string, content: Uint8Array) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(content.length);
    return Buffer.concat([Buffer.from(id), size, content, Buffer.alloc(content.length % 2)]);
  };
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    chunk('fmt ', new Uint8Array(fmt.buffer)),
    ...before.map(([id, content]) => chunk(id, content)),
    chunk('data', data),
  ]);
  const header = Buffer.alloc(8);
  header.write('RIFF');
  header.writeUInt32LE(body.length, 4);
  return new Uint8Array(Buffer.concat([header, body]));
}

/** The little-endian bytes of 16-bit samples. */
export function int16Bytes(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Int16Array.from(values).buffer);
}
