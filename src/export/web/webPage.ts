import { readFile } from 'node:fs/promises';
import { htmlDocument } from '../../report/html/htmlDocument.js';
import { h, markup } from '../../report/markup.js';
import { packageFile } from '../../util/packageFile.js';

/** Nothing but the folder's own files: `file:` is what "self" is called by a page opened by double click; the runtime comes from a blob, the recorder from a data URL. */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'self' file: blob: data: 'wasm-unsafe-eval'; media-src 'self' file: blob:; img-src data: blob:";

export async function webPage(title: string): Promise<string> {
  const asset = (name: string) => readFile(packageFile('dist', 'web', name), 'utf8');
  const [css, body] = [await asset('page.css'), await asset('page.html')];
  const document = htmlDocument({
    title,
    contentSecurityPolicy,
    styles: [h('style', {}, markup(css))],
    body: [
      h('noscript', {}, 'This page needs JavaScript.'),
      markup(body),
      h('script', { src: 'audiossl.js' }),
      h('script', { src: 'page.js' }),
    ],
  });
  // By a function: no `$` of a title is a pattern.
  return document.replace('<h1 id="title"></h1>', () => h('h1', { id: 'title' }, title).markup);
}
