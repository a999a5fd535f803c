import { type Child, h } from '../markup.js';

/** A whole HTML page as text: what every page of ours says about itself in its head, and what it may load, whatever a label or a path says. */
export function htmlDocument({
  title,
  contentSecurityPolicy,
  styles,
  body,
}: {
  /** Of the browser's tab. */
  title: string;
  contentSecurityPolicy: string;
  styles: Child[];
  body: Child[];
}): string {
  const document = h(
    'html',
    { lang: 'en' },
    h(
      'head',
      {},
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy }),
      h('meta', { name: 'color-scheme', content: 'light dark' }),
      h('title', {}, title),
      ...styles,
    ),
    h('body', {}, ...body),
  );
  return `<!doctype html>\n${document.markup}\n`;
}
