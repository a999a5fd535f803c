/** A fold as a table gives it, without the decimals that spreadsheets and pandas put behind whole numbers. */
export const plainFold = (text: string): string => text.replace(/^(\d+)\.0+$/, '$1');
