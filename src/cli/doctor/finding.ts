/**
 * One line of `audiossl doctor`. `ok`: there and used; `optional`: not there, and only one thing or other needs it;
 * `slower`: not there, all works without it but slower; `broken`: not there or wrong, and nothing works without it.
 */
export interface Finding {
  what: string;
  state: 'ok' | 'optional' | 'slower' | 'broken';
  found: string;
  /** What to type to get it. */
  remedy?: string;
}
