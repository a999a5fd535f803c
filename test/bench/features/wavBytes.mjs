/** A 16-bit mono WAV file of noise and a tone, so that nothing is cheap by chance. */
export function wavBytes(sampleRate, seconds) {
  const numSamples = seconds * sampleRate;
  const bytes = new Uint8Array(44 + 2 * numSamples);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from('RIFF....WAVEfmt ........................data....'.slice(0, 44)));
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  bytes.set(Buffer.from('data'), 36);
  view.setUint32(40, 2 * numSamples, true);
  let state = 12345;
  for (let i = 0; i < numSamples; i++) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    const sample = 0.5 * Math.sin((2 * Math.PI * 440 * i) / sampleRate) + 0.2 * (state / 2 ** 31 - 1);
    view.setInt16(44 + 2 * i, Math.round(20000 * sample), true);
  }
  return bytes;
}
