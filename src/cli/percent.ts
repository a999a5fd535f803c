/** A share as the commands print it. */
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? '-' : `${(100 * share).toFixed(1)} %`;
