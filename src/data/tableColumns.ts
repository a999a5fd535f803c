/** What columns of a table are for. */
export interface TableColumns {
  /** Those that may name the recordings, best first; empty = the table lists none. */
  file: string[];
  label?: string;
  split?: string;
  fold?: string;
  group?: string;
}

/** Names by what they are for, best first, in lower case without blanks, `_` and `-`. */
const names = {
  file: [
    'fname',
    'filename',
    'slicefilename',
    'file',
    'filepath',
    'audiofile',
    'audiofilename',
    'audiopath',
    'wavfile',
    'path',
    'audio',
    'recording',
  ],
  label: ['label', 'category', 'class', 'classname', 'classlabel', 'scenelabel', 'eventlabel', 'species', 'labels', 'target'],
  split: ['split', 'subset', 'partition'],
  fold: ['fold'],
  // ESC-50 and UrbanSound8K: the recording that clips were cut from; DCASE: the place.
  group: ['group', 'srcfile', 'fsid', 'identifier'],
};

/** Reads the purpose of columns off their names, whatever their case. */
export function tableColumns(columns: readonly string[]): TableColumns {
  const plain = new Map(columns.map((column) => [column.toLowerCase().replace(/[\s_-]/g, ''), column]));
  const known = (list: readonly string[]) => list.flatMap((name) => plain.get(name) ?? []);
  return {
    file: known(names.file),
    label: known(names.label)[0],
    split: known(names.split)[0],
    fold: known(names.fold)[0],
    group: known(names.group)[0],
  };
}
