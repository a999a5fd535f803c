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
    'wav',
    'wavname',
  ],
  // Columns that may as well name something else: only beside one of the others.
  weakFile: ['clip', 'clipname', 'sound', 'name', 'id'],
  label: [
    'label',
    'category',
    'class',
    'classname',
    'classlabel',
    'labelname',
    'soundclass',
    'scenelabel',
    'eventlabel',
    'primarylabel',
    'species',
    'labels',
    'tag',
    'target',
    'classid',
  ],
  split: ['split', 'subset', 'partition', 'set'],
  fold: ['fold', 'folds', 'cvfold'],
  // ESC-50 and UrbanSound8K: the recording that clips were cut from; DCASE: the place.
  group: ['group', 'srcfile', 'fsid', 'identifier'],
};

/** Reads the purpose of columns off their names, whatever their case. */
export function tableColumns(columns: readonly string[]): TableColumns {
  const plain = new Map(columns.map((column) => [column.toLowerCase().replace(/[\s_-]/g, ''), column]));
  const known = (list: readonly string[]) => list.flatMap((name) => plain.get(name) ?? []);
  const [label] = known(names.label);
  const [split] = known(names.split);
  const [fold] = known(names.fold);
  const saysMore = (label ?? split ?? fold) !== undefined;
  return { file: [...known(names.file), ...(saysMore ? known(names.weakFile) : [])], label, split, fold, group: known(names.group)[0] };
}
