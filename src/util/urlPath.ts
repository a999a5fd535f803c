import { relative, resolve, sep } from 'node:path';

/** Path of `to` for `src` and `href` of a page in the folder `from`: relative, each part escaped. */
export function urlPath(from: string, to: string): string {
  return relative(resolve(from), resolve(to)).split(sep).map(encodeURIComponent).join('/');
}
