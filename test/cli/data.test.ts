import { beforeAll, describe, expect, it } from 'vitest';
import { registerData } from '../../src/cli/data.js';
import { folderWith, tone, wav } from '../data/syntheticData.js';
import { inProcess } from './runInProcess.js';

const audiossl = inProcess(registerData);

describe('audiossl data check', () => {
  let dir: string;
  beforeAll(async () => {
    const rows = [
      'fname,label,split,group',
      'a.wav,x,train,g1',
      'copy.wav,y,test,g3',
      'gone.wav,x,train,g4',
      'b.wav,x,train,g2',
      'same group.wav,y,test,g2',
      'silent.wav,y,validation,g5',
      'text.wav,x,train,g6',
      '1/twice.wav,x,train,g7',
      '2/twice.wav,y,test,g8',
    ];
    dir = await folderWith({
      'labels.csv': rows.join('\n'),
      'a.wav': tone(400),
      'copy.wav': tone(400),
      'b.wav': tone(500),
      'same group.wav': tone(600),
      'silent.wav': wav(2205, () => 0),
      'text.wav': 'no audio',
      '1/twice.wav': tone(700),
      '2/twice.wav': tone(800),
      ...Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`extra${String(i).padStart(2, '0')}.wav`, ''])),
    });
  });

  it('tells people each kind of finding under its own heading, the first ten of many', async () => {
    const text = await audiossl('data', 'check', dir, '--workers', '1');
    expect(text.slice(text.indexOf('class  ')).replace(/(text\.wav): .*/, '$1: ...')).toBe(
      [
        'class  train  validation  test  all',
        'x          5           0     0    5',
        'y          0           1     3    4',
        'all        5           1     3    9',
        '',
        'missing (a csv row without a file): 1',
        '  gone.wav',
        '',
        'not in the csv (left out): 11',
        ...Array.from({ length: 10 }, (_, i) => `  extra0${i}.wav`),
        '  ... 1 more; --json has all',
        '',
        'unreadable: 1',
        '  text.wav: ...',
        '',
        'silent: 1',
        '  silent.wav',
        '',
        'same content: 1',
        '  a.wav = copy.wav (labels differ: x, y)',
        '',
        'one file name in more than one split: 1',
        '  1/twice.wav = 2/twice.wav (train, test)',
        '',
        'one group in more than one split: 1',
        '  b.wav = same group.wav (train, test)',
        '',
        'one content in more than one split: 1',
        '  a.wav = copy.wav (train, test)',
        '',
        '7 findings',
        '',
      ].join('\n'),
    );
  });

  it('reads the folder as it is told to, and refuses a number of workers that is none', async () => {
    expect(JSON.parse(await audiossl('data', 'check', dir, '--format', 'unlabelled', '--json'))).toMatchObject({
      kind: 'unlabelled',
      numClips: 19,
      missing: [],
      classCounts: [{ label: '', total: 19 }],
    });
    await expect(audiossl('data', 'check', dir, '--workers', '0')).rejects.toThrow(/workers/);
  });
});

describe('audiossl data stats', () => {
  it('tells people minutes a class, subsets, lengths, rates and descriptors', async () => {
    const rows = ['fname,label,split', 'low/a.wav,low,train', 'low/b.wav,low,train', 'c.wav,,test', 'd.wav,,test'];
    const dir = await folderWith({
      'labels.csv': rows.join('\n'),
      'low/a.wav': tone(441, 1),
      'low/b.wav': tone(441, 26),
      'c.wav': wav(88200, (n) => 0.5 * Math.sin((2 * Math.PI * 5000 * n) / 44100), 44100),
      'd.wav': 'no audio',
    });
    const lines = (await audiossl('data', 'stats', dir, '--workers', '1')).split('\n');
    const from = (start: string) => lines.find((line) => line.startsWith(start));
    const table = lines.findIndex((line) => line.startsWith('class'));
    expect(lines.slice(table, table + 4)).toEqual([
      'class       train  test  all  minutes',
      '(no label)      0     2    2      0.0',
      'low             2     0    2      0.5',
      'all             2     2    4      0.5',
    ]);
    expect(from('subsets')).toBe('subsets: train 2, test 2');
    expect(from('duration')).toBe('duration: 0.01 h; a clip: mean 9.667 s, median 2 s, 1 s to 26 s');
    expect(from('sample rates')).toBe('sample rates (Hz): 22050 2, 44100 1');
    expect(from('channels')).toBe('channels: 1 3');
    expect(from('formats')).toBe('formats: WAV, 16-bit PCM 3');
    // A tone crosses zero twice a period.
    expect(from('zeroCrossingRate')).toMatch(
      /^zeroCrossingRate: mean \d+ \/ s, median 88\d(\.\d+)? \/ s, 88\d(\.\d+)? \/ s to (9\d{3}|10\d{3}) \/ s$/,
    );
    expect(from('spectralCentroid')).toMatch(/ Hz, median \d+(\.\d+)? Hz, /);
    expect(from('unreadable')).toBe('unreadable: 1; audiossl data check says which and why');
  });

  it('takes one folder, as the one or the other', async () => {
    await expect(audiossl('data', 'stats')).rejects.toThrow(/give one folder, as DIR or as --metadata DIR/);
    await expect(audiossl('data', 'stats', '.', '--metadata', '.')).rejects.toThrow(/give one folder/);
  });
});
