/** How labels are written down: all recordings in one table, or a file a recording as programs that show sound read them. */
export const labelFormats = {
  csv: 'one table of all recordings: id,beginSeconds,endSeconds,class,probability',
  raven: "a folder with Raven's selection table of each recording, ID.selections.txt",
  audacity: "a folder with Audacity's labels of each recording, ID.labels.txt",
} as const;
export type LabelFormat = keyof typeof labelFormats;
export const labelFormatNames = Object.keys(labelFormats) as LabelFormat[];
