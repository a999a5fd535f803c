import { InvalidArgumentError, Option } from 'commander';
import type { DatasetFormat } from '../data/loadDataset.js';

const names = ['auto', 'fsdnoisy18k', 'csv', 'classFolders', 'unlabelled'] as const;

/** `--format csv`, or `--format ./mySet.mjs`: a module of the user's own that lists the clips. */
export function formatOption(): Option {
  return new Option(
    '--format <format>',
    `layout of the folder: ${names.join(', ')}, or a module that lists the clips (./mySet.mjs)`,
  ).argParser((value: string): DatasetFormat => {
    const name = names.find((known) => known === value);
    if (name === undefined && !/[/\\].*\.m?js$/.test(value))
      throw new InvalidArgumentError(`Allowed choices are ${names.join(', ')}, and modules such as ./mySet.mjs.`);
    return name ?? (value as DatasetFormat);
  });
}
