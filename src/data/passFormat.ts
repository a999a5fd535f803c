/** The remedy of a layout that was taken wrongly, in the form of every command: some have the option, those that read a config have the key. */
export const passFormat = (format: 'csv' | 'classFolders' | 'unlabelled'): string =>
  `pass --format ${format} (--set data.format=${format} to commands with a config)`;
