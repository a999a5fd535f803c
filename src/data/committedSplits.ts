/**
 * SHA-256 of FSDnoisy18k's splits in `data/fsdnoisy18k`, by which a run knows that it has one of them: that its recordings are complete
 * and its options those of everybody else. `ssl-all` has the clips of `all`.
 */
export const committedSplits: Readonly<Record<string, string>> = {
  'data/fsdnoisy18k/ssl.csv': '5c2a280f95c4152fc90f832613d14567f0db680be7522b097e8f019261f68f70',
  'data/fsdnoisy18k/all.csv': 'f28d2249d25e76d19178d4553c4cdef374c01245362af6e9d5ba0d370f7902d3',
  'data/fsdnoisy18k/clean.csv': 'b6c8b5097166cac0cc8fc8a2b7a66a2f0218a511727ef45dfabdb3612ddcc1e4',
  'data/fsdnoisy18k/noisy.csv': 'c228ab2f83cb1c06eb35ecae397283fc9cf8b3064fa4bdc3921eab51a624e1d4',
  'data/fsdnoisy18k/noisySmall.csv': 'e0867f6ecdc897c1c517f5065b8936ff54e3980074df6f513f9f2ca76366a697',
};

/** The committed file that has these bytes, such as `data/fsdnoisy18k/clean.csv`, or undefined. */
export function committedSplit(splitSha256: string): string | undefined {
  return Object.keys(committedSplits).find((file) => committedSplits[file] === splitSha256);
}
