import { describe, expect, it, vi } from 'vitest';
import { decoderPool } from '../../../src/audio/decode/decoderPool.js';
import { decodeAudio } from '../../../src/audio/decodeAudio.js';
import { AudiosslError } from '../../../src/util/errors.js';
import { flacFile } from './flacFile.js';

vi.mock('@wasm-audio-decoders/flac', () => ({
  FLACDecoder: class {
    ready = Promise.resolve();
    async decodeFrames(): Promise<never> {
      throw new RangeError('offset is out of bounds');
    }
  },
}));

describe('decoderPool', () => {
  it('uses a decoder again once it was given back, and never for two files at once', async () => {
    let made = 0;
    const pool = decoderPool(() => ({ ready: Promise.resolve(), id: ++made }));
    const first = await pool.take();
    const second = await pool.take();
    expect([first.id, second.id]).toEqual([1, 2]);
    pool.giveBack(first);
    expect((await pool.take()).id).toBe(1);
    expect((await pool.take()).id).toBe(3);
  });
});

describe('decodeAudio, a decoder that throws', () => {
  it('is an AudiosslError naming the file', async () => {
    const attempt = decodeAudio(flacFile({ channels: [new Array(16).fill(1)], bits: 16, sampleRate: 8000 }), { file: 'a.flac' });
    await expect(attempt).rejects.toThrow('decodeAudio: a.flac: the decoder failed: offset is out of bounds');
    await expect(attempt).rejects.toBeInstanceOf(AudiosslError);
  });
});
