import { describe, expect, it } from 'vitest';
import { pcm16 } from '../../../src/audio/decode/pcm16.js';
import { frontEndEngines, useFrontEndEngine } from '../engines.js';

describe.each(frontEndEngines)('pcm16, %s', (engine) => {
  useFrontEndEngine(engine);

  it.each([1, 2, 3])('reads every value of %i interleaved channels exactly, from even and odd places', (numChannels) => {
    for (const offset of [0, 1]) {
      const numFrames = 65_536;
      const file = Buffer.alloc(offset + 2 * numFrames * numChannels);
      const value = (frame: number, channel: number) => ((frame * 7 + channel * 12_345) % 65_536) - 32_768;
      for (let i = 0; i < numFrames; i++)
        for (let c = 0; c < numChannels; c++) file.writeInt16LE(value(i, c), offset + 2 * (i * numChannels + c));
      const channels = pcm16(new Uint8Array(file.buffer, file.byteOffset + offset, file.length - offset), numChannels);
      expect(channels.map((channel) => channel.length)).toEqual(Array(numChannels).fill(numFrames));
      for (let c = 0; c < numChannels; c++)
        expect(channels[c].findIndex((sample, i) => !Object.is(sample, Math.fround(value(i, c) / 32_768)))).toBe(-1);
    }
  });
});
