import { dateTime } from '../format.js';
import { type Child, h } from '../markup.js';
import { htmlDocument } from './htmlDocument.js';
import { style } from './style.js';

export interface Section {
  id: string;
  title: string;
  content: Child;
}

/** A whole page that needs nothing but itself: head, title, links to what is on it, and a footer. */
export function pageFrame({
  title,
  kind,
  heading,
  time,
  version,
  contentSecurityPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
  extraStyle,
  links,
  main,
  footer,
}: {
  /** Of the browser's tab. */
  title: string;
  /** The small line above the heading. */
  kind: string;
  heading: string;
  time: string;
  version: string;
  /** What the page may load, whatever a label or a path says; nothing from outside. */
  contentSecurityPolicy?: string;
  extraStyle?: Child;
  links: readonly { id: string; title: string }[];
  main: Child;
  footer: Child;
}): string {
  return htmlDocument({
    title,
    contentSecurityPolicy,
    styles: [style, extraStyle],
    body: [
      h(
        'header',
        {},
        h('p', { class: 'kind' }, kind),
        h('h1', {}, heading),
        h('p', { class: 'when' }, `Written ${dateTime(time)} by audiossl ${version}`),
        h(
          'nav',
          { 'aria-label': 'Sections' },
          links.map(({ id, title: name }) => h('a', { href: `#${id}` }, name)),
        ),
      ),
      h('main', {}, main),
      h('footer', {}, h('div', {}, footer)),
    ],
  });
}

export function sectionMarkup({ id, title, content }: Section): Child {
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, title), content);
}
