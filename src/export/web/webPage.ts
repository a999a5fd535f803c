import { readFile } from 'node:fs/promises';
import { h, markup } from '../../report/markup.js';
import { packageFile } from '../../util/packageFile.js';

/** Nothing but the folder's own files: `file:` is what "self" is called by a page opened by double click; the runtime comes from a blob, the recorder from a data URL. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'self' file: blob: data: 'wasm-unsafe-eval'; media-src 'self' file: blob:; img-src data: blob:";

export async function webPage(title: string): Promise<string> {
  const asset = (name: string) => readFile(packageFile('dist', 'web', name), 'utf8');
  const [css, body] = [await asset('page.css'), await asset('page.html')];
  const document = h(
    'html',
    { lang: 'en' },
    h(
      'head',
      {},
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { 'http-equiv': 'Content-Security-Policy', content: policy }),
      h('meta', { name: 'color-scheme', content: 'light dark' }),
      h('title', {}, title),
      h('style', {}, markup(css)),
    ),
    h(
      'body',
      {},
      h('noscript', {}, 'This page needs JavaScript.'),
      markup(body),
      h('script', { src: 'audiossl.js' }),
      h('script', { src: 'page.js' }),
    ),
  );
  return `<!doctype html>\n${document.markup.replace('<h1 id="title"></h1>', h('h1', { id: 'title' }, title).markup)}\n`;
}
