import { createHash } from 'node:crypto';

/** MD5 of the interleaved little-endian integers, each in whole bytes, as FLAC defines it, of blocks as they come. */
export function sampleMd5(bits: number) {
  const hash = createHash('md5');
  const sampleBytes = Math.ceil(bits / 8);
  const scale = 2 ** (bits - 1);
  return {
    /** [channels][n], samples being multiples of 2^(1 - bits) in [-1, 1). */
    update(channels: readonly Float32Array[]): void {
      const numFrames = channels[0].length;
      const block = new Uint8Array(numFrames * channels.length * sampleBytes);
      let at = 0;
      for (let i = 0; i < numFrames; i++) {
        for (const channel of channels) {
          const value = channel[i] * scale;
          for (let byte = 0; byte < sampleBytes; byte++) block[at++] = value >> (8 * byte);
        }
      }
      hash.update(block);
    },
    digest: () => hash.digest('hex'),
  };
}
