/** Whether a file is a table by its name. */
export const isTableName = (path: string): boolean => /\.(csv|tsv|tab)$/i.test(path);
