import type { FolderLayout } from './folderLayout.js';
import type { Part } from './partWords.js';

/** `, folders dev, eval taken as train, test`; nothing where none is. */
export function describeParts(parts: FolderLayout['parts'], where = ''): string {
  const entries = [...parts];
  const list = (of: (entry: [string, Part]) => string) => entries.map(of).join(', ');
  if (entries.length === 0) return '';
  const names = `, folders ${list(([name]) => name)}${where} taken as`;
  if (entries.every(([, part]) => part !== 'unlabelled' && 'fold' in part)) return `${names} folds`;
  const word = (part: Part) => (part === 'unlabelled' ? 'clips without a label' : 'fold' in part ? `fold ${part.fold}` : part.split);
  return `${names} ${list(([, part]) => word(part))}`;
}
