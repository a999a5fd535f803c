import { describe, expect, it, vi } from 'vitest';
import { decoderPool } from '../../../src/audio/decode/decoderPool.js';
import { decodeAudio } from '../../../src/audio/decodeAudio.js';
import { AudiosslError } from '../../../src/util/errors.js';
import { flacFile } from './flacFile.js';

vi.mock('@wasm-audio-decoders/flac', () => ({
  FLACDecoder: class {
    ready = Promise.resolve();
    async decodeFile(): Promise<never> {
      throw new RangeError('offset is out of bounds');
    }
  },
}));

describe('decoderPool', () => {
  const makePool = () => {
    let made = 0;
    return decoderPool(() => ({ ready: Promise.resolve(), id: ++made }));
  };

  it('uses a decoder again after success, never for two files at once, and not after an error', async () => {
    const withDecoder = makePool();
    const id = () => withDecoder(async (decoder) => decoder.id);
    expect([await id(), await id()]).toEqual([1, 1]);
    let release = () => {};
    const busy = withDecoder((decoder) => new Promise<number>((resolve) => (release = () => resolve(decoder.id))));
    await Promise.resolve();
    expect(await id()).toBe(2);
    release();
    expect(await busy).toBe(1);
    const failing = withDecoder(async ({ id }) => Promise.reject(new Error(`decoder ${id} broke`)));
    await expect(failing).rejects.toThrow('decoder 1 broke');
    expect([await id(), await id()]).toEqual([2, 2]);
  });
});

describe('decodeAudio, a decoder that throws', () => {
  it('is an AudiosslError naming the file', async () => {
    const attempt = decodeAudio(flacFile({ channels: [new Array(16).fill(1)], bits: 16, sampleRate: 8000 }), { file: 'a.flac' });
    await expect(attempt).rejects.toThrow('decodeAudio: a.flac: the decoder failed: offset is out of bounds');
    await expect(attempt).rejects.toBeInstanceOf(AudiosslError);
  });
});
