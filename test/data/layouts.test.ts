import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Clip, Dataset } from '../../src/data/clip.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { folderWith } from './syntheticData.js';

/** `id label split fold group`, a clip a line, '-' where the data say nothing. */
const told = ({ clips }: Dataset): string[] =>
  clips.map(({ id, label, split, fold, group }: Clip) => [id, label ?? '-', split ?? '-', fold ?? '-', group ?? '-'].join(' '));
const silent = (paths: readonly string[]): Record<string, string> => Object.fromEntries(paths.map((path) => [path, '']));
const utf16 = (text: string, isBigEndian = false): Buffer => {
  const bytes = Buffer.from(text, 'utf16le');
  return isBigEndian ? bytes.swap16() : bytes;
};

describe('tables as other programs write them', () => {
  const four = ['a.wav', 'b.wav', 'c.wav', 'd.wav'];
  const rows = [
    ['a.wav', 'dog'],
    ['b.wav', 'cat'],
    ['c.wav', 'dog'],
    ['d.wav', 'cat'],
  ];
  const written = (delimiter: string, header = ['fname', 'label'], end = '\n') =>
    [header, ...rows].map((fields) => fields.join(delimiter) + end).join('');

  it.each<[string, string | Buffer, string?]>([
    ['semicolons', written(';'), 'metadata.csv'],
    ['tabs', written('\t')],
    ['tabs in .tsv', written('\t'), 'annotations.tsv'],
    ['bars', written('|')],
    ["Excel's sep line", `sep=;\r\n${written(';', undefined, '\r\n')}`],
    ['UTF-16 with a mark', utf16(`\uFEFF${written('\t')}`)],
    ['UTF-16, high byte first', utf16(`\uFEFF${written(',')}`, true)],
    ['UTF-16 without a mark', utf16(written(','))],
    ['a UTF-8 mark and CRLF', `\uFEFF${written(',', undefined, '\r\n')}`],
    ['the line ends of old Macs', written(',', undefined, '\r')],
    ["ESC-50's columns", written(',', ['filename', 'category']), 'meta.csv'],
    ['other names, other cases', written(',', ['File Name', 'Class'])],
    ['names that could be of other things', written(',', ['id', 'Label Name'])],
    ['numbers of classes', written(',', ['wav_name', 'classID'])],
    ['a text file with a header', written('\t'), 'labels.txt'],
    ['UTF-16 with a mark, CRLF and semicolons', utf16(`\uFEFF${written(';', undefined, '\r\n')}`, true)],
    ['file and target', written(',', ['FILE', 'TARGET']), 'list.csv'],
    ['empty columns and rows', `${written(',').replaceAll('\n', ',,\n')},,,\n,,,\n`],
    ['blanks around everything', rows.reduce((text, [name, label]) => `${text} ${name} , ${label} \n`, ' fname , label \n')],
    ['a folder deeper', written(','), 'meta/clips.csv'],
    ['blanks only in a last line', `${written(',')}   \n`],
    [
      'row numbers without a name, as pandas',
      written(',')
        .split('\n')
        .map((line, i) => (line === '' ? '' : `${i === 0 ? '' : i - 1},${line}`))
        .join('\n'),
    ],
    ['names without endings', written(',').replaceAll('.wav', '')],
    ['backslashes and a leading ./', written(',').replaceAll(/^(.)\.wav/gm, '.\\$1.wav')],
  ])('reads %s', async (_, text, path = 'labels.csv') => {
    const dataset = await loadDataset(await folderWith({ [path]: text, ...silent(four) }));
    expect(dataset.kind).toBe('csv');
    expect(told(dataset)).toEqual(rows.map(([name, label]) => `${name} ${label} - - -`));
    expect(dataset.classNames).toEqual(['cat', 'dog']);
    expect(dataset.missing).toEqual([]);
  });

  it('reports labels that differ by blanks, case or Unicode form only, and trims them', async () => {
    const names = ['dog', 'dog ', ' dog', 'Dog', 'caf\u00e9', 'cafe\u0301', 'tree frog', 'treefrog', 'owl'];
    const csv = `fname,label\n${names.map((label, i) => `${i}.wav,${label}\n`).join('')}`;
    const dataset = await loadDataset(await folderWith({ 'labels.csv': csv, ...silent(names.map((_, i) => `${i}.wav`)) }));
    expect(dataset.classNames).toHaveLength(7);
    expect(dataset.clips.filter(({ label }) => label === 'dog')).toHaveLength(3);
    expect(dataset.similarLabels).toEqual([
      ['Dog', 'dog'],
      ['cafe\u0301', 'caf\u00e9'],
      ['tree frog', 'treefrog'],
    ]);
    expect(dataset.notes).toContain(
      'labels that differ only by blanks, case or Unicode form are classes of their own: "Dog" (1), "dog" (3)',
    );
  });

  it('finds a name in another Unicode form, and says where only the case differs', async () => {
    const csv = 'fname,label\ncafe\u0301.wav,a\nDOG.wav,b\nnothing.wav,b\n';
    const dataset = await loadDataset(await folderWith({ 'labels.csv': csv, 'caf\u00e9.wav': '', 'dog.wav': '' }));
    expect(dataset.clips.find(({ label }) => label === 'a')?.id).toBe('caf\u00e9.wav');
    expect(dataset.missing).toEqual(['DOG.wav', 'nothing.wav']);
    expect(dataset.notes).toContain('2 csv rows have no file, the first is DOG.wav; 1 differ only by case, as dog.wav');
  });

  it('refuses labels.csv when it names none of the recordings, with what is alike', async () => {
    const dir = await folderWith({ 'labels.csv': 'fname,label\nA.WAV,x\nB.WAV,y\n', 'a.wav': '', 'b.wav': '' });
    await expect(loadDataset(dir)).rejects.toThrow(
      /labels\.csv: none of its 2 names is that of a recording, the first is A\.WAV; a\.wav differs only by case; mend the names/,
    );
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'columns that name no recordings',
      { 'info.csv': 'id,comment\n1,x\n' },
      /^info\.csv is not used: none of its columns names the recordings .* it has id, comment$/,
    ],
    [
      'no header row',
      { 'list.csv': 'a.wav,dog\nb.wav,cat\n' },
      /^list\.csv is not used: its first row must name the columns .* got a\.wav, dog$/,
    ],
    [
      'names of other recordings',
      { 'old.csv': 'fname,label\nx.wav,dog\n' },
      /^old\.csv is not used: none of its 1 names .* a recording is a\.wav$/,
    ],
    ['a spreadsheet', { 'labels.xlsx': 'PK' }, /^labels\.xlsx is not used: a spreadsheet cannot be read; save it as csv$/],
    [
      'a list in a text file',
      { 'README.txt': 'A file, and what it is\n', 'testing_list.txt': 'a.wav\nb.wav\n' },
      /^testing_list\.txt is not used: its first row must name the columns/,
    ],
    [
      'one beside each recording',
      { 'a.csv': 'filename,onset\na.wav,1\n', 'b.csv': 'onset,event\n1,bark\n', 'c.txt': 'what is said in it\n' },
      /^a\.csv is not used: it and 2 more are named like recordings, and tell of one each$/,
    ],
    ['nothing in it', { 'labels.csv': '' }, /^labels\.csv is not used: it is empty$/],
    [
      'few of the recordings, deeper down',
      { 'x/l.csv': 'fname,label\na.wav,dog\n' },
      /^x\/l\.csv is not used: it names 1 of the 4 recordings; pass --format csv/,
    ],
  ])('names a table that is not used, with the reason: %s', async (_, files, note) => {
    const dataset = await loadDataset(await folderWith({ ...files, ...silent(four) }));
    expect(dataset.kind).toBe('unlabelled');
    expect(dataset.notes).toContainEqual(expect.stringMatching(note));
  });

  it('takes the table with labels before one without, and names the other', async () => {
    const files = { 'b.csv': 'fname,label\na.wav,x\n', 'a.csv': 'fname,seconds\na.wav,3\n', 'a.wav': '' };
    const dataset = await loadDataset(await folderWith(files));
    expect(told(dataset)).toEqual(['a.wav x - - -']);
    expect(dataset.notes).toContain('a.csv is not used: labels are read from b.csv');
  });

  it('keeps the labels of folders beside a table that has none', async () => {
    const files = { 'split.csv': 'file,subset\ndog/1.wav,train\ncat/1.wav,eval\n', 'dog/1.wav': '', 'cat/1.wav': '' };
    expect(told(await loadDataset(await folderWith(files)))).toEqual(['cat/1.wav cat test - -', 'dog/1.wav dog train - -']);
  });

  it.each<[string, string[], string[]]>([
    ['decimals behind folds', ['fold', '1.0', '2.0'], ['- 1', '- 2']],
    ['splits in a column of folds', ['fold', 'train', 'test'], ['train -', 'test -']],
    ['folds in a column of splits', ['split', 'fold1', 'fold2'], ['- 1', '- 2']],
    ['splits in a column called set', ['Set', 'train', 'eval'], ['train -', 'test -']],
    ['a subset that is something else', ['subset', 'clean', 'noisy'], ['- -', '- -']],
  ])('reads %s', async (_, [column, one, two], [first, second]) => {
    const csv = `fname,label,${column}\na.wav,x,${one}\nb.wav,y,${two}\n`;
    const dataset = await loadDataset(await folderWith({ 'labels.csv': csv, ...silent(['a.wav', 'b.wav']) }));
    expect(told(dataset)).toEqual([`a.wav x ${first} -`, `b.wav y ${second} -`]);
    if (column === 'subset') expect(dataset.notes).toContain('columns not used: subset');
  });

  it('keeps the splits and folds of folders where the table has none', async () => {
    const csv = 'fname,label\na.wav,x\nb.wav,y\n';
    const read = async (...files: string[]) => loadDataset(await folderWith({ 'labels.csv': csv, ...silent(files) }));
    const splits = await read('train/a.wav', 'test/b.wav');
    expect(told(splits)).toEqual(['test/b.wav y test - -', 'train/a.wav x train - -']);
    expect(splits.notes).toContain('labels.csv has no splits, folders test, train taken as test, train');
    expect(told(await read('audio/fold1/a.wav', 'audio/fold2/b.wav'))).toEqual(['audio/fold1/a.wav x - 1 -', 'audio/fold2/b.wav y - 2 -']);
    expect(told(await read('dogs/a.wav', 'cats/b.wav'))).toEqual(['cats/b.wav y - - -', 'dogs/a.wav x - - -']);
    const half = await read('train/a.wav', 'extra/b.wav');
    expect(told(half)).toEqual(['extra/b.wav y - - -', 'train/a.wav x - - -']);
    expect(half.notes).toContain('labels.csv has no splits, and folders train are none: extra beside them is not named like one');
  });

  it('refuses a name that may be several recordings, and rows with too few or too many fields', async () => {
    const csv = 'fname,label\n1.wav,x\n';
    await expect(loadDataset(await folderWith({ 'labels.csv': csv, 'p/1.wav': '', 'q/1.wav': '' }))).rejects.toThrow(
      /row 1: "1\.wav" may be p\/1\.wav or q\/1\.wav/,
    );
    for (const [row, got] of [
      ['a.wav', 1],
      ['a.wav,x,y', 3],
    ] as const) {
      const dir = await folderWith({ 'labels.csv': `fname,label\nb.wav,x\n${row}\n`, 'a.wav': '', 'b.wav': '' });
      await expect(loadDataset(dir)).rejects.toThrow(new RegExp(`line 3 must have 2 fields as the header has, got ${got}`));
    }
  });
});

describe('published layouts', () => {
  it('reads ESC-50 as it is unpacked, also from one folder above', async () => {
    const csv =
      'filename,fold,target,category,esc10,src_file,take\n1-100032-A-0.wav,1,0,dog,True,100032,A\n5-9032-A-0.wav,5,0,dog,True,9032,A\n2-1-A-1.wav,2,1,rooster,True,1,A\n';
    const audio = silent(['1-100032-A-0.wav', '2-1-A-1.wav', '5-9032-A-0.wav'].map((name) => `ESC-50-master/audio/${name}`));
    const dir = await folderWith({
      'ESC-50-master/meta/esc50.csv': csv,
      'ESC-50-master/meta/esc50-human.xlsx': '',
      'ESC-50-master/README.md': '',
      ...audio,
    });
    for (const [root, above] of [
      [dir, 'ESC-50-master/'],
      [join(dir, 'ESC-50-master'), ''],
    ]) {
      const dataset = await loadDataset(root);
      expect(told(dataset)).toEqual([
        `${above}audio/1-100032-A-0.wav dog - 1 100032`,
        `${above}audio/2-1-A-1.wav rooster - 2 1`,
        `${above}audio/5-9032-A-0.wav dog - 5 9032`,
      ]);
      expect(dataset.notes[0]).toBe(
        `read as csv: 3 rows of ${above}meta/esc50.csv, 2 classes; names from filename; labels from category; groups from src_file`,
      );
    }
  });

  it('reads UrbanSound8K, also where a name stands in two folds', async () => {
    const csv =
      'slice_file_name,fsID,start,end,salience,fold,classID,class\n1-0.wav,7,0,1,1,1,8,siren\n1-0.wav,7,0,1,1,2,8,siren\n3-0.wav,9,0,1,1,10,4,drilling\n';
    const dir = await folderWith({
      'UrbanSound8K/metadata/UrbanSound8K.csv': csv,
      ...silent(['fold1/1-0.wav', 'fold2/1-0.wav', 'fold10/3-0.wav'].map((name) => `UrbanSound8K/audio/${name}`)),
    });
    expect(told(await loadDataset(dir))).toEqual([
      'UrbanSound8K/audio/fold1/1-0.wav siren - 1 7',
      'UrbanSound8K/audio/fold10/3-0.wav drilling - 10 9',
      'UrbanSound8K/audio/fold2/1-0.wav siren - 2 7',
    ]);
  });

  it('reads FSD50K without its several labels a clip, with its splits', async () => {
    const dir = await folderWith({
      'FSD50K.ground_truth/dev.csv': 'fname,labels,mids,split\n64760,"Guitar,Music","/m/1,/m/2",train\n10,Bark,/m/3,val\n',
      'FSD50K.ground_truth/eval.csv': 'fname,labels,mids\n37199,"Guitar,Music","/m/1,/m/2"\n',
      'FSD50K.ground_truth/vocabulary.csv': '0,Guitar,/m/1\n',
      // What its authors collected first says other labels, and has no splits.
      'FSD50K.metadata/collection/collection_dev.csv': 'fname,labels,mids\n64760,Guitar,/m/1\n10,Bark,/m/3\n',
      'FSD50K.metadata/collection/collection_eval.csv': 'fname,labels,mids\n37199,Music,/m/2\n',
      ...silent(['FSD50K.dev_audio/64760.wav', 'FSD50K.dev_audio/10.wav', 'FSD50K.eval_audio/37199.wav']),
    });
    const dataset = await loadDataset(dir);
    expect(told(dataset)).toEqual([
      'FSD50K.dev_audio/10.wav - validation - -',
      'FSD50K.dev_audio/64760.wav - train - -',
      'FSD50K.eval_audio/37199.wav - test - -',
    ]);
    expect(dataset.notes).toContain('FSD50K names several labels a clip, one is supported: the clips are used without labels');
    expect(dataset.notes).toContainEqual(expect.stringMatching(/^FSD50K\.ground_truth\/vocabulary\.csv is not used: /));
    expect(dataset.notes).toContainEqual(expect.stringMatching(/^FSD50K\.metadata\/collection\/collection_dev\.csv is not used: /));
    // Without the csvs the folders alone say the same splits.
    const bare = await loadDataset(await folderWith(silent(['FSD50K.dev_audio/1.wav', 'FSD50K.eval_audio/2.wav'])));
    expect(told(bare)).toEqual(['FSD50K.dev_audio/1.wav - train - -', 'FSD50K.eval_audio/2.wav - test - -']);
  });

  it('reads DCASE scenes: places as groups, one list as splits, several as folds', async () => {
    const name = (scene: string, n: number) => `audio/${scene}-paris-${n}-a.wav`;
    const audio = [name('park', 1), name('tram', 2), name('park', 3), name('tram', 4)];
    const header = 'filename\tscene_label\tidentifier\tsource_label\n';
    const meta = audio.map((path, i) => `${path}\t${path.split(/[/-]/)[1]}\tparis-${i + 1}\ta\n`).join('');
    const one = {
      'meta.csv': header + meta,
      'evaluation_setup/fold1_train.csv': `filename\tscene_label\n${audio[0]}\tpark\n${audio[1]}\ttram\n`,
      'evaluation_setup/fold1_test.csv': `filename\n${audio[2]}\n${audio[3]}\n`,
      'evaluation_setup/fold1_evaluate.csv': `filename\tscene_label\n${audio[2]}\tpark\n${audio[3]}\ttram\n`,
    };
    expect(told(await loadDataset(await folderWith({ ...one, ...silent(audio) })))).toEqual([
      `${audio[0]} park train - paris-1`,
      `${audio[2]} park test - paris-3`,
      `${audio[1]} tram train - paris-2`,
      `${audio[3]} tram test - paris-4`,
    ]);
    // DCASE 2016 and 2017: no header rows, several folds.
    const several = {
      'meta.txt': audio.map((path, i) => `${path}\t${path.split(/[/-]/)[1]}\tr${i}\n`).join(''),
      'evaluation_setup/fold1_train.txt': `${audio[2]}\tpark\n${audio[3]}\ttram\n`,
      'evaluation_setup/fold1_test.txt': `${audio[0]}\n${audio[1]}\n`,
      'evaluation_setup/fold2_train.txt': `${audio[0]}\tpark\n${audio[1]}\ttram\n`,
      'evaluation_setup/fold2_test.txt': `${audio[2]}\n${audio[3]}\n`,
    };
    expect(told(await loadDataset(await folderWith({ ...several, ...silent(audio) })))).toEqual([
      `${audio[0]} park - 1 r0`,
      `${audio[2]} park - 2 r2`,
      `${audio[1]} tram - 1 r1`,
      `${audio[3]} tram - 2 r3`,
    ]);
  });

  it('reads FSDKaggle (DCASE, tagging), and tables of one name in folders that are splits', async () => {
    const kaggle = {
      'FSDKaggle2018.meta/train_post_competition.csv': 'fname,label,manually_verified\na.wav,Cello,1\nb.wav,Bark,0\n',
      'FSDKaggle2018.meta/test_post_competition_scoring_clips.csv': 'fname,label,usage\nc.wav,Cello,Public\n',
      ...silent(['FSDKaggle2018.audio_train/a.wav', 'FSDKaggle2018.audio_train/b.wav', 'FSDKaggle2018.audio_test/c.wav']),
    };
    expect(told(await loadDataset(await folderWith(kaggle)))).toEqual([
      'FSDKaggle2018.audio_test/c.wav Cello test - -',
      'FSDKaggle2018.audio_train/a.wav Cello train - -',
      'FSDKaggle2018.audio_train/b.wav Bark train - -',
    ]);
    const ofFolders = {
      'train/metadata.csv': 'file_name,label\na.wav,x\nb.wav,y\n',
      'test/metadata.csv': 'file_name,label\na.wav,y\n',
      ...silent(['train/a.wav', 'train/b.wav', 'test/a.wav']),
    };
    expect(told(await loadDataset(await folderWith(ofFolders)))).toEqual([
      'test/a.wav y test - -',
      'train/a.wav x train - -',
      'train/b.wav y train - -',
    ]);
  });

  it('reads tables named like splits', async () => {
    const files = {
      'train.csv': 'path,label\nclips/a.wav,x\nclips/b.wav,y\n',
      'validation.csv': 'path,label\nclips/c.wav,x\n',
      'test.csv': 'path,label\nclips/d.wav,y\n',
    };
    const dataset = await loadDataset(
      await folderWith({ ...files, ...silent(['clips/a.wav', 'clips/b.wav', 'clips/c.wav', 'clips/d.wav']) }),
    );
    expect(told(dataset)).toEqual([
      'clips/a.wav x train - -',
      'clips/b.wav y train - -',
      'clips/c.wav x validation - -',
      'clips/d.wav y test - -',
    ]);
    const twice = { ...files, 'test.csv': 'path,label\nclips/a.wav,x\n' };
    await expect(loadDataset(await folderWith({ ...twice, ...silent(['clips/a.wav', 'clips/b.wav', 'clips/c.wav']) }))).rejects.toThrow(
      /clips\/a\.wav must be in one list, it is in .*test\.csv and in .*train\.csv|in train\.csv and in test\.csv/,
    );
  });
});

describe('folders', () => {
  it.each<[string, string[], string[]]>([
    [
      'splits',
      ['train/1.wav', 'test/1.wav', 'eval/1.wav'],
      ['eval/1.wav - validation - -', 'test/1.wav - test - -', 'train/1.wav - train - -'],
    ],
    ['dev and eval', ['dev/1.wav', 'eval/1.wav'], ['dev/1.wav - train - -', 'eval/1.wav - test - -']],
    [
      'train, dev, test',
      ['train/1.wav', 'dev/1.wav', 'test/1.wav'],
      ['dev/1.wav - validation - -', 'test/1.wav - test - -', 'train/1.wav - train - -'],
    ],
    ['names with fillers', ['audio_train/1.wav', 'audio_test/1.wav'], ['audio_test/1.wav - test - -', 'audio_train/1.wav - train - -']],
    ['folds', ['audio/fold1/1.wav', 'audio/fold10/1.wav'], ['audio/fold1/1.wav - - 1 -', 'audio/fold10/1.wav - - 10 -']],
    ['folds of classes', ['Fold 1/dog/1.wav', 'Fold 2/cat/1.wav'], ['Fold 1/dog/1.wav dog - 1 -', 'Fold 2/cat/1.wav cat - 2 -']],
    ['classes one folder deeper', ['data/dog/1.wav', 'data/cat/1.wav'], ['data/cat/1.wav cat - - -', 'data/dog/1.wav dog - - -']],
    [
      'splits one folder deeper',
      ['x/train/dog/1.wav', 'x/test/cat/1.wav'],
      ['x/test/cat/1.wav cat test - -', 'x/train/dog/1.wav dog train - -'],
    ],
    [
      'a class called train',
      ['bus/1.wav', 'tram/1.wav', 'train/1.wav'],
      ['bus/1.wav bus - - -', 'train/1.wav train - - -', 'tram/1.wav tram - - -'],
    ],
    ['digits as classes', ['0/1.wav', '1/1.wav'], ['0/1.wav 0 - - -', '1/1.wav 1 - - -']],
    [
      'classes beside clips without label',
      ['dog/1.wav', 'cat/1.wav', 'unlabelled/1.wav'],
      ['cat/1.wav cat - - -', 'dog/1.wav dog - - -', 'unlabelled/1.wav - - - -'],
    ],
    [
      'classes of splits',
      ['dog/train/1.wav', 'dog/test/1.wav', 'cat/train/1.wav'],
      ['cat/train/1.wav cat train - -', 'dog/test/1.wav dog test - -', 'dog/train/1.wav dog train - -'],
    ],
    [
      'clips without label inside a split',
      ['train/dog/1.wav', 'train/cat/1.wav', 'train/unlabelled/1.wav', 'test/dog/1.wav'],
      [
        'test/dog/1.wav dog test - -',
        'train/cat/1.wav cat train - -',
        'train/dog/1.wav dog train - -',
        'train/unlabelled/1.wav - train - -',
      ],
    ],
    [
      'splits of classes beside clips without label',
      ['train/dog/1.wav', 'train/cat/1.wav', 'test/dog/1.wav', 'unlabelled/1.wav'],
      ['test/dog/1.wav dog test - -', 'train/cat/1.wav cat train - -', 'train/dog/1.wav dog train - -', 'unlabelled/1.wav - train - -'],
    ],
  ])('are read as %s', async (_, files, expected) => {
    expect(told(await loadDataset(await folderWith(silent(files))))).toEqual(expected);
  });

  it('are refused half recognised, with the flags that decide', async () => {
    for (const files of [
      ['train/1.wav', 'test/1.wav', 'extra/1.wav'],
      ['train/dog/1.wav', 'train/cat/1.wav', 'extra/1.wav', 'more/1.wav'],
      ['fold1/1.wav', 'fold2/1.wav', 'dog/1.wav'],
      ['train/1.wav', 'dog/1.wav'],
    ]) {
      const dir = await folderWith(silent(files));
      await expect(loadDataset(dir)).rejects.toThrow(
        /must all be splits or folds, or none: .* named like .* pass `format` classFolders .*`format` unlabelled/,
      );
      const classes = await loadDataset(dir, { format: 'classFolders' });
      expect(classes.classNames).toEqual([...new Set(files.map((file) => file.split('/')[0]))].sort());
      expect(classes.clips.every(({ split, fold }) => split === undefined && fold === undefined)).toBe(true);
      expect((await loadDataset(dir, { format: 'unlabelled' })).classNames).toEqual([]);
    }
  });

  it('are no classes where a recording lies beside them, and a note says so', async () => {
    const dataset = await loadDataset(await folderWith(silent(['dog/1.wav', 'cat/1.wav', 'stray.wav'])));
    expect(dataset.kind).toBe('unlabelled');
    expect(dataset.notes).toContainEqual(
      expect.stringMatching(/not taken as classes because 1 recordings lie outside them, the first is stray\.wav/),
    );
  });
});
