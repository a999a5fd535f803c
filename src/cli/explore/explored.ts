import type { ExplorerInput } from '../../explore/writeExplorer.js';

/** What a page is made of, by whichever way it was come by. */
export type Explored = Pick<ExplorerInput, 'file' | 'dataset' | 'store' | 'title'> & Required<Pick<ExplorerInput, 'tables' | 'notes'>>;
