import type { System } from '../comparison/system.js';

/** FSDnoisy18k's test clips, on which all published numbers were measured. */
export function isPaperData({ ids, classNames }: Pick<System, 'ids' | 'classNames'>): boolean {
  return ids.length === 947 && classNames.length === 20;
}
