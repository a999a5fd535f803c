/** A 16-bit mono WAV file. `sampleAt(n)` is in -1 .. 1. For tests and for the scripts beside them. */
export function wav(numSamples, sampleAt, sampleRate = 22050) {
  const bytes = Buffer.alloc(44 + 2 * numSamples);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + 2 * numSamples, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(2 * sampleRate, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(2 * numSamples, 40);
  for (let n = 0; n < numSamples; n++) bytes.writeInt16LE(Math.round(32767 * sampleAt(n)), 44 + 2 * n);
  return bytes;
}
