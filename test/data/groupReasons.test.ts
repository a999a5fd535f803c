import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shellName } from '../../src/audio/decode/convertLine.js';
import { convertFolderCommand } from '../../src/data/convertFolder.js';
import { describeReasons } from '../../src/data/groupReasons.js';
import { folderWith } from './syntheticData.js';

describe('describeReasons', () => {
  it('tells equal reasons once, with their number, and those that differ in figures as alike', () => {
    const over = (id: string, bytes: number) => ({ id, text: `decodeAudio: /data/${id}: the header promises ${bytes} bytes more` });
    const many = Array.from({ length: 200 }, (_, i) => over(`${i}.wav`, 44));
    expect(describeReasons([...many, { id: 'x.wav', text: 'decodeAudio: /data/x.wav: broken' }])).toEqual([
      '200 recordings: the header promises 44 bytes more (0.wav, 1.wav, 2.wav ...)',
      'x.wav: broken',
    ]);
    expect(describeReasons([over('a.wav', 44), over('b.wav', 2)])).toEqual([
      '2 recordings: the header promises 44 bytes more (this one and others with other figures: a.wav, b.wav)',
    ]);
  });
});

describe('advised commands', () => {
  const odd = [
    "it's.m4a",
    'two words.m4a',
    '$(touch x).m4a',
    '-i.m4a',
    'a:b.m4a',
    '*.m4a',
    'new\nline.m4a',
    'ünï.m4a',
    '`x`"y".m4a',
    'back\\slash.m4a',
  ];

  it.each(odd)('a shell takes %j literally', (name) => {
    const printed = execFileSync('bash', ['-c', `printf %s ${shellName(name)}`], { encoding: 'utf8' });
    expect(printed.replace(/^\.\//, '')).toBe(name);
    expect(shellName(name)).not.toContain('\n');
    // Neither an option nor a protocol.
    expect(printed).not.toMatch(/^-|^[^/]*:/);
  });

  it('one command converts all of a folder in a copy: no two become one, what is decoded stays, the folder is left alone', async () => {
    const wma = odd.map((name) => name.replace('.m4a', '.wma'));
    const names = [...odd, ...wma, 'sub/adpcm [1].wav', 'sub/fine.wav', 'sub/adpcm 1.wav'];
    const dir = await folderWith({
      ...Object.fromEntries(names.map((name) => [name, name])),
      // In place of ffmpeg, which need not be there: copies its input to its output.
      '../bin/ffmpeg': '#!/bin/sh\nfor last; do :; done\nwhile [ "$1" != -i ]; do shift; done\ncp "$2" "$last"\n',
    });
    const bin = join(dir, '..', 'bin');
    execFileSync('chmod', ['+x', join(bin, 'ffmpeg')]);
    const rejected = names
      .filter((name) => name !== 'sub/fine.wav' && name !== 'sub/adpcm 1.wav')
      .map((id) => ({ id, text: `decodeAudio: ${id}: no; convert it: ffmpeg -i x` }));
    const command = convertFolderCommand(dir, [
      ...rejected,
      { id: 'cut.wav', text: 'cut off; get a whole copy, or pass salvage (--salvage)' },
    ]);
    execFileSync('bash', ['-c', command ?? 'false'], { env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });
    const list = (folder: string) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name !== 'sub')
        .sort();
    expect(list(`${dir}-wav`)).toEqual([...rejected.map(({ id }) => `${id}.wav`), 'sub/fine.wav', 'sub/adpcm 1.wav'].sort());
    expect(list(dir)).toEqual([...names].sort());
  });

  it('is silent where all is decoded or can be salvaged', () => {
    expect(
      convertFolderCommand('/d', [{ id: 'a.wav', text: 'must be finite; pass salvage (--salvage), or convert it: ffmpeg -i a.wav' }]),
    ).toBe(undefined);
  });
});
