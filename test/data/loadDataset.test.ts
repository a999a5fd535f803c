import { readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countClasses } from '../../src/data/checkData.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { parseCsv } from '../../src/util/csv.js';
import { testData } from '../support/testData.js';
import { folderWith } from './syntheticData.js';

describe('loadDataset', () => {
  it('reads a csv with recordings beside it or in audio/', async () => {
    const csv = 'fname,label,split,fold,group,licence\nb.wav,dog,train,1,g1,CC0\na.ogg,cat,test,5,,CC0\nc.wav,,val,2,,CC0\n';
    for (const folder of ['', 'audio/']) {
      const dir = await folderWith({
        'labels.csv': csv,
        [`${folder}a.ogg`]: '',
        [`${folder}b.wav`]: '',
        [`${folder}c.wav`]: '',
        [`${folder}Z.flac`]: '',
      });
      const dataset = await loadDataset(dir);
      expect(dataset.kind).toBe('csv');
      expect(dataset.clips).toEqual([
        { id: `${folder}a.ogg`, path: join(dir, folder, 'a.ogg'), label: 'cat', labelIndex: 0, split: 'test', fold: '5' },
        { id: `${folder}b.wav`, path: join(dir, folder, 'b.wav'), label: 'dog', labelIndex: 1, split: 'train', fold: '1', group: 'g1' },
        { id: `${folder}c.wav`, path: join(dir, folder, 'c.wav'), split: 'validation', fold: '2' },
      ]);
      expect(dataset.classNames).toEqual(['cat', 'dog']);
      expect(dataset.unlisted).toEqual([`${folder}Z.flac`]);
      expect(dataset.notes.join('\n')).toMatch(/read as csv.*\ncolumns not used: licence\n1 rows have no label\n1 files are in no csv row/);
    }
  });

  it('takes a table in place of the folder that it lies in: what it names, and no other table', async () => {
    const dir = await folderWith({
      'labels.csv': 'fname,label\na/1.wav,dog\na/2.wav,cat\nb/3.wav,owl\n',
      'marked.csv': 'filename,label,timesMs\r\na/2.wav,elk,500 700\r\nb/3.wav,,100\r\n',
      'others.tsv': 'filename\tlabel\nnowhere.wav\tdog\n',
      ...{ 'a/1.wav': '', 'a/2.wav': '', 'b/3.wav': '', 'notes.csv': 'x,y\n1,2\n' },
    });
    const { clips, classNames, unlisted, notes } = await loadDataset(join(dir, 'marked.csv'));
    expect(clips).toEqual([
      { id: 'a/2.wav', path: join(dir, 'a/2.wav'), label: 'elk', labelIndex: 0 },
      { id: 'b/3.wav', path: join(dir, 'b/3.wav') },
    ]);
    expect([classNames, unlisted]).toEqual([['elk'], ['a/1.wav']]);
    expect(notes[0]).toBe('read as csv: 2 rows of marked.csv, 1 classes; names from filename');
    const refused = (name: string, format?: 'classFolders') => expect(loadDataset(join(dir, name), { format })).rejects;
    await refused('others.tsv').toThrow(
      /none of its 1 names is that of a recording, the first is nowhere.wav.*put it into the folder of its recordings/,
    );
    await refused('notes.csv').toThrow(/notes\.csv must be a csv file that names the recordings.*none of its columns names the recordings/);
    await refused('marked.csv', 'classFolders').toThrow(/the table .*marked\.csv is read as csv, got the format classFolders/);
    await refused('a/1.wav').toThrow(/1\.wav must be a folder of recordings, or a table in one, it is another file/);
    const alone = await folderWith({ 'marked.csv': 'filename\n1.wav\n' });
    await expect(loadDataset(join(alone, 'marked.csv'))).rejects.toThrow(
      /marked\.csv names no recording below .*; put it into the folder of its recordings/,
    );
  });

  it('sorts ids and labels by code unit, not by language', async () => {
    const dir = await folderWith({ 'x.csv': 'fname,label\nä.wav,Zoo\nb.wav,apple\nB.wav,Äther\n', 'ä.wav': '', 'b.wav': '', 'B.wav': '' });
    const { clips, classNames } = await loadDataset(dir);
    expect(clips.map(({ id }) => id)).toEqual(['B.wav', 'b.wav', 'ä.wav']);
    expect(classNames).toEqual(['Zoo', 'apple', 'Äther']);
  });

  it('reports csv rows without a file', async () => {
    const dir = await folderWith({ 'labels.csv': 'fname\na.wav\nb.wav\n', 'b.wav': '' });
    const dataset = await loadDataset(dir);
    expect(dataset.missing).toEqual(['a.wav']);
    expect(dataset.clips).toHaveLength(2);
    expect(dataset.notes).toContain('1 csv rows have no file, the first is a.wav');
  });

  it.each([
    ['a column called labels', 'fname,labels\na.wav,"x,y"\n'],
    ['two labels in a field', 'fname,label\na.wav,"x,y"\n'],
    ['labels with ;', 'fname,label\na.wav,x;y\n'],
    ['one file with two labels', 'fname,label\na.wav,x\na.wav,y\n'],
  ])('refuses a multi-label csv by name: %s', async (_, csv) => {
    const dir = await folderWith({ 'labels.csv': csv, 'a.wav': '' });
    await expect(loadDataset(dir)).rejects.toThrow(/labels\.csv is multi-label/);
  });

  it("takes AudioSet's names with a comma and a space as one label", async () => {
    const dir = await folderWith({ 'labels.csv': 'fname,label\na.wav,"Walk, footsteps"\n', 'a.wav': '' });
    expect((await loadDataset(dir)).classNames).toEqual(['Walk, footsteps']);
  });

  it.each([
    ['a name twice', 'fname,label\na.wav,x\n./a.wav,x\n', /must name each clip once/],
    [
      'a name outside the folder',
      'fname\na.wav\n../a.wav\n',
      /labels\.csv: row 2: fname must be a path inside the data folder, got "\.\.\/a\.wav"/,
    ],
    ['an absolute name', 'fname\n/etc/a.wav\n', /inside the data folder, got "\/etc\/a\.wav"; name each recording from/],
    ['a header without rows', 'fname,label\n', /labels\.csv must have a row a clip, got the header alone/],
    [
      'text that is not UTF-8',
      Buffer.from('fname,label\na.wav,\xe9t\xe9\n', 'latin1'),
      /labels\.csv: must be UTF-8 text .*line 2; save it as UTF-8/,
    ],
    ['an unknown split', 'fname,split\na.wav,holdout\n', /row 1: split must be train, validation or test, got "holdout"/],
    ['a split named like a property of objects', 'fname,split\na.wav,constructor\n', /got "constructor"/],
  ])('refuses %s', async (_, csv, message) => {
    const dir = await folderWith({ 'labels.csv': csv, 'a.wav': '' });
    await expect(loadDataset(dir)).rejects.toThrow(message);
  });

  it('asks for labels.csv when two csv files say as much', async () => {
    const dir = await folderWith({ 'a.csv': 'fname,label\nx.wav,dog\n', 'b.csv': 'fname,label\nx.wav,cat\n', 'x.wav': '' });
    await expect(loadDataset(dir)).rejects.toThrow(/got a\.csv, b\.csv; call the right one labels\.csv/);
  });

  it('reads folders as classes, and folders named train and test as splits', async () => {
    const dir = await folderWith({ 'dog/1.wav': '', 'cat/deep/2.WAV': '', 'cat/.hidden.wav': '', 'cat/notes.txt': '' });
    const dataset = await loadDataset(dir);
    expect(dataset.kind).toBe('classFolders');
    expect(dataset.clips.map(({ id, label, split }) => [id, label, split])).toEqual([
      ['cat/deep/2.WAV', 'cat', undefined],
      ['dog/1.wav', 'dog', undefined],
    ]);
    expect(dataset.notes[0]).toMatch(
      /read as classFolders: 2 clips in 2 folders taken as classes; if they are no classes, pass --format unlabelled/,
    );

    const splits = await loadDataset(await folderWith({ 'train/dog/1.wav': '', 'train/cat/2.wav': '', 'test/dog/3.wav': '' }));
    expect(splits.clips.map(({ label, split }) => [label, split])).toEqual([
      ['dog', 'test'],
      ['cat', 'train'],
      ['dog', 'train'],
    ]);
  });

  it('names class folders without recordings', async () => {
    const dir = await folderWith({ 'dog/1.wav': '', 'cat/2.wav': '', 'owl/notes.txt': '', '.git/x': '' });
    await mkdir(join(dir, 'emu'));
    const { classNames, notes } = await loadDataset(dir);
    expect(classNames).toEqual(['cat', 'dog']);
    expect(notes).toContain('2 folders hold no recordings and are no classes: emu, owl');
  });

  it('reads anything else as unlabelled, and says so', async () => {
    const layouts: Record<string, string>[] = [
      { 'a.wav': '', 'b/c.mp3': '' },
      { 'audio/a.wav': '' },
      { 'train/a.wav': '', 'test/b.wav': '' },
    ];
    for (const files of layouts) {
      const dataset = await loadDataset(await folderWith(files));
      expect(dataset.kind).toBe('unlabelled');
      expect(dataset.classNames).toEqual([]);
      expect(dataset.clips.every((clip) => clip.label === undefined && clip.labelIndex === undefined)).toBe(true);
      expect(dataset.notes[0]).toMatch(/^read as unlabelled/);
    }
  });

  it('follows links, each folder once', async () => {
    const dir = await folderWith({ 'a.wav': '' });
    await mkdir(join(dir, 'sub'));
    await symlink(dir, join(dir, 'sub', 'loop'));
    await symlink(join(dir, 'a.wav'), join(dir, 'sub', 'link.wav'));
    expect((await loadDataset(dir)).clips.map(({ id }) => id)).toEqual(['a.wav', 'sub/link.wav']);
  });

  it('says what is wrong with a folder that is none', async () => {
    await expect(loadDataset('/nonexistent-folder')).rejects.toThrow(/does not exist/);
    await expect(loadDataset(await folderWith())).rejects.toThrow(/must hold recordings .* or a csv/);
    await expect(loadDataset(await folderWith({ 'a.wav': '' }), { format: 'csv' })).rejects.toThrow(/read as csv/);
    await expect(loadDataset(await folderWith({ 'a.wav': '' }), { format: 'fsdnoisy18k' })).rejects.toThrow(/FSDnoisy18k\.meta/);
  });
});

const meta = testData('fsdnoisy18k_meta');
describe.skipIf(meta === undefined)('FSDnoisy18k metadata', () => {
  it('have the published counts, in all and a class', async () => {
    const { kind, clips, classNames, notes, isMetadataOnly } = await loadDataset(meta!);
    expect(kind).toBe('fsdnoisy18k');
    expect(isMetadataOnly).toBe(true);
    const count = (isCounted: (clip: (typeof clips)[number]) => boolean | undefined) => clips.filter(isCounted).length;
    expect(count((c) => c.split === 'train')).toBe(17585);
    expect(count((c) => c.split === 'train' && c.isVerified)).toBe(1772);
    expect(count((c) => c.split === 'train' && !c.isVerified)).toBe(15813);
    expect(count((c) => c.isNoisySmall)).toBe(1003);
    expect(count((c) => c.split === 'test')).toBe(947);
    expect(classNames).toHaveLength(20);
    expect(notes.join('\n')).toMatch(/3 names stand in train\.csv and in test\.csv: 393581\.wav, 414515\.wav, 417524\.wav/);

    const published = parseCsv(readFileSync(join(meta!, 'class_counts.csv'), 'utf8'), 'class_counts.csv').rows;
    expect(
      countClasses(clips).map(({ label, counts }) => [label, counts.train, counts.clean, counts.noisy, counts.noisySmall, counts.test]),
    ).toEqual(
      published
        .map((row) => [row.label, +row.train, +row.train_clean, +row.train_noisy, +row.train_noisy_small, +row.test])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  });
});

const slice = testData('fsdnoisy18k_slice');
describe.skipIf(slice === undefined)('FSDnoisy18k folders', () => {
  it('are found, every row with its file', async () => {
    const { clips, missing, unlisted, kind } = await loadDataset(slice!);
    expect([kind, clips.length, missing, unlisted]).toEqual(['fsdnoisy18k', 171, [], []]);
    expect(clips[0].id).toBe('FSDnoisy18k.audio_test/100053.wav');
    expect(clips[0].group).toBe('100053');
  });
});
