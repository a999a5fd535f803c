import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeAudio } from '../../src/audio/decodeAudio.js';
import { clipAudio } from '../../src/report/clipAudio.js';
import { meanFrames } from '../../src/report/clipPicture.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { chunk, formatChunk, interleave, riff, sampleBytes } from '../support/wavParts.js';

const folder = temporaryFolder();

describe('clipAudio', () => {
  test('embeds the bytes as they are until the limit, links larger files relative to the page, says what is missing', async () => {
    const [data, page] = [join(folder, 'my data'), join(folder, 'page')];
    await mkdir(data);
    await writeFile(join(data, 'a.wav'), Uint8Array.of(1, 2, 3));
    await writeFile(join(data, 'b #1.flac'), new Uint8Array(50));
    await writeFile(join(data, 'c.mp3'), new Uint8Array(7));
    await writeFile(join(data, 'd.ogg'), new Uint8Array(6));
    const paths = ['a.wav', 'b #1.flac', 'c.mp3', 'd.ogg', 'none.mp3'].map((name) => join(data, name));
    expect(await clipAudio(paths, { pageDir: page, mostBytes: 9 })).toEqual([
      { kind: 'embedded', src: 'data:audio/wav;base64,AQID' },
      { kind: 'linked', src: '../my%20data/b%20%231.flac' },
      { kind: 'linked', src: '../my%20data/c.mp3' },
      { kind: 'embedded', src: 'data:audio/ogg;base64,AAAAAAAA' },
      { kind: 'missing', path: paths[4] },
    ]);
  });

  test('embeds of larger files, and of those that browsers do not play, the first seconds: mono, 16 bits, 24 kHz or less', async () => {
    const rate = 44_100;
    // Half a second of 1 kHz on the left, its half on the right: the mean is three quarters of it.
    const sine = Float32Array.from({ length: rate / 2 }, (_, i) => 0.8 * Math.sin((2 * Math.PI * 1000 * i) / rate));
    const stereo = interleave([sine, sine.map((value) => value / 2)]);
    const bytes = riff([formatChunk({ channels: 2, sampleRate: rate, bits: 24 }), chunk('data', sampleBytes(stereo, 24))]);
    // Named as a format that browsers do not play; what it is, is seen from its bytes.
    const [long, odd, text] = ['long.wav', 'odd.aiff', 'secret.txt'].map((name) => join(folder, name));
    await writeFile(long, bytes);
    await writeFile(odd, bytes);
    await writeFile(text, 'no recording');
    const excerpt = { largerThan: 1000, seconds: 0.2 };
    const [cut, whole, secret, late] = await clipAudio([long, odd, text, long], {
      ...{ pageDir: folder, mostBytes: 20_000 },
      excerpt,
    });
    expect(cut).toMatchObject({ kind: 'embedded', cutTo: 0.2 });
    expect(whole).toMatchObject({ kind: 'embedded', cutTo: 0.2 });
    // What is no recording never gets into a page; what no longer fits is linked.
    expect(secret).toEqual({ kind: 'linked', src: 'secret.txt' });
    expect(late).toEqual({ kind: 'linked', src: 'long.wav' });
    if (cut.kind !== 'embedded') throw new Error('not embedded');
    const heard = await decodeAudio(Buffer.from(cut.src.split(',')[1], 'base64'));
    expect([heard.sampleRate, heard.channels.length, heard.channels[0].length]).toEqual([22_050, 1, 4410]);
    const expected = Float32Array.from({ length: 4410 }, (_, i) => 0.6 * Math.sin((2 * Math.PI * 1000 * i) / 22_050));
    // Away from the ends, where the filter sees silence; 16 bits are 3e-5, the filter's ripple is smaller than 1e-3.
    expect(heard.channels[0].subarray(200, 4200)).toBeAllClose(expected.subarray(200, 4200), { atol: 2e-3 });
    expect(await clipAudio([long], { pageDir: folder, mostBytes: 0, excerpt })).toEqual([{ kind: 'linked', src: 'long.wav' }]);
  });
});

test('meanFrames: means of runs, a shorter last one by itself', () => {
  const { data, numFrames } = meanFrames({ data: Float32Array.of(1, 10, 3, 30, 5, 50), numFrames: 3, nMels: 2 }, 2);
  expect([numFrames, ...data]).toEqual([2, 2, 20, 5, 50]);
});
