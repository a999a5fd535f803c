import { describe, expect, it, vi } from 'vitest';
import { decodeAudio } from '../../../src/audio/decodeAudio.js';

vi.mock('mpg123-decoder', () => {
  throw new Error('Cannot find package');
});

/** Four silent MPEG 1 layer III frames: 32 kbit/s, 44.1 kHz, mono, 104 bytes each. */
function silentMp3(): Uint8Array {
  const bytes = new Uint8Array(4 * 104);
  for (let frame = 0; frame < 4; frame++) bytes.set([0xff, 0xfb, 0x10, 0xc0], frame * 104);
  return bytes;
}

describe('decodeAudio, MP3 without the optional package', () => {
  it('says which package to install', async () => {
    await expect(decodeAudio(silentMp3(), { file: 'a.mp3' })).rejects.toThrow(
      /a\.mp3: MP3 needs the package mpg123-decoder .*npm install mpg123-decoder/,
    );
  });
});
