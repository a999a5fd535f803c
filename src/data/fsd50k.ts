/** FSD50K's own tables: `dev.csv` and `eval.csv`, with several labels a clip. */
export const isFsd50kTruth = (path: string): boolean => /(^|\/)FSD50K\.ground_truth\//.test(path);

/** What stands beside them, which says the same of an earlier state, and more that is not for training. */
export const isFsd50kMetadata = (path: string): boolean => /(^|\/)FSD50K\.(metadata|doc)\//.test(path);
