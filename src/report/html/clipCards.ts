import type { ClipAudio } from '../clipAudio.js';
import type { ClipPicture } from '../clipPicture.js';
import { pngDataUri } from '../logMelPicture.js';
import { type Child, h, type Markup, markup } from '../markup.js';

/** Style of a page with cards of clips. */
export const clipCardStyle = markup(`<style>
.clips{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:40px 34px;margin:22px 0 0;padding:0;list-style:none}
.clips.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,280px),1fr));gap:30px 26px}.clips.small img{height:84px}
.clip-card{min-width:0;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
.clip-card h3{margin:0 0 2px;display:flex;gap:10px;align-items:baseline;font-size:17px;line-height:1.35}
.clips.small h3{font-size:15px}
.clip-card .rank{font-size:13px;font-weight:400;color:var(--soft);font-variant-numeric:tabular-nums;flex:none}
.clip-card .arrow{color:var(--soft);font-weight:400;padding:0 2px}
.clip-card .id{margin:0 0 8px;font-size:13px;color:var(--soft);overflow-wrap:anywhere}
.clip-card img{display:block;width:100%;height:116px;background:var(--faint)}
.clip-card audio{display:block;width:100%;height:38px;margin:8px 0 4px}
.clip-card .missing{margin:8px 0;font-size:13px;color:var(--alert);overflow-wrap:anywhere}
.clip-card table{font-size:13px;margin:4px 0}.clip-card td,.clip-card th{padding:3px 10px 3px 0}.clip-card th{white-space:normal}
.clip-card p.near{font-size:13px;margin:6px 0 0;color:var(--soft);max-width:none}
.meter{display:inline-block;vertical-align:middle;width:90px;height:7px;background:var(--faint);margin-right:8px}
.meter span{display:block;height:100%}
@media (max-width:600px){.meter{width:44px;margin-right:6px}}
.meter .given{background:var(--c1)}.meter .suggested{background:var(--c0)}
</style>`);

/** What such a page may load beside itself: recordings from where they lie. */
export const clipCardPolicy = "default-src 'none'; img-src data:; media-src data: file: 'self'; style-src 'unsafe-inline'";

/** A clip to look at and listen to: a title, a line about it, picture and sound where there are any, what is wrong, and what follows. */
export function clipCard({
  rank,
  anchor = `clip-${rank}`,
  title,
  id,
  line,
  picture,
  audio,
  missingAdvice = '',
  trouble,
  more,
}: {
  /** Its place in a list. */
  rank?: number;
  /** Id of the card in its page. */
  anchor?: string;
  title: Child;
  id: string;
  line: string;
  picture: ClipPicture | undefined;
  audio: ClipAudio | undefined;
  /** Follows "The recording is not at PATH". */
  missingAdvice?: string;
  /** What keeps picture or sound away, for the reader. */
  trouble?: string;
  more?: Child;
}): Markup {
  return h(
    'li',
    { class: 'clip-card', id: anchor },
    h('h3', {}, rank !== undefined && h('span', { class: 'rank' }, `${rank}.`), title),
    h('p', { class: 'id' }, line),
    picture && h('img', { src: pngDataUri(picture.png), width: picture.width, height: picture.height, alt: `log-mel of ${id}` }),
    trouble !== undefined && h('p', { class: 'missing' }, trouble),
    audio?.kind === 'missing' && h('p', { class: 'missing' }, `The recording is not at ${audio.path}${missingAdvice}.`),
    audio !== undefined &&
      audio.kind !== 'missing' &&
      h('audio', { controls: true, preload: audio.kind === 'embedded' ? 'metadata' : 'none', src: audio.src, 'aria-label': id }),
    more,
  );
}

/** From one label to another. */
export function fromTo(first: string, second: string): Markup {
  return h('span', {}, first, h('span', { class: 'arrow' }, ' → '), second);
}

/** A share of 100 as a bar with its number. */
export function meter(kind: 'given' | 'suggested', percent: number): Child {
  return [h('span', { class: 'meter' }, h('span', { class: kind, style: `width:${percent}%` })), `${percent} %`];
}
