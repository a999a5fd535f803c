import { frontEndAddon } from '../frontEndAddon.js';

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Interleaved little-endian 16-bit samples -> [channels][n], divided by 2^15. `bytes` holds whole samples of all channels. */
export function pcm16(bytes: Uint8Array, numChannels: number): Float32Array<ArrayBuffer>[] {
  const numFrames = bytes.length / (2 * numChannels);
  const channels = Array.from({ length: numChannels }, () => new Float32Array(numFrames));
  const addon = frontEndAddon();
  if (addon) {
    addon.readPcm16(bytes, channels);
    return channels;
  }
  const samples =
    isLittleEndian && bytes.byteOffset % 2 === 0
      ? new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)
      : Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i] | (bytes[2 * i + 1] << 8));
  channels.forEach((channel, c) => {
    for (let i = 0, at = c; i < numFrames; i++, at += numChannels) channel[i] = samples[at] / 32_768;
  });
  return channels;
}
