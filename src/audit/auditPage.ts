import { counted, integer, number, percent } from '../report/format.js';
import { pageFrame, sectionMarkup } from '../report/html/pageFrame.js';
import { empty, facts, table } from '../report/html/parts.js';
import { pngDataUri } from '../report/logMelPicture.js';
import { type Child, h, markup } from '../report/markup.js';
import { largestRemainder } from '../util/largestRemainder.js';
import type { AuditedClip, LabelAudit } from './auditLabels.js';
import type { Detection } from './flipLabels.js';
import type { SuspectAudio } from './suspectAudio.js';

/** A clip of the page: what was found, its picture and its sound. */
export interface Suspect {
  clip: AuditedClip;
  /** Nearest clips, for the eye: id and label. */
  neighbours: { id: string; label: string; cosine: number }[];
  seconds: number;
  picture: { png: Uint8Array; width: number; height: number };
  audio: SuspectAudio;
  /** The label before it was flipped on purpose. */
  trueLabel?: string;
}

export interface AuditPage {
  audit: LabelAudit;
  suspects: readonly Suspect[];
  /** Name of the model and of the data. */
  model: string;
  data: string;
  split: string;
  notes: readonly string[];
  detection?: Detection;
  time: string;
  version: string;
}

const css = markup(`<style>
.suspects{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:40px 34px;margin:22px 0 0;padding:0;list-style:none}
.suspect{min-width:0;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
.suspect h3{margin:0 0 2px;display:flex;gap:10px;align-items:baseline;font-size:17px;line-height:1.35}
.suspect .rank{font-size:13px;font-weight:400;color:var(--soft);font-variant-numeric:tabular-nums;flex:none}
.suspect .arrow{color:var(--soft);font-weight:400;padding:0 2px}
.suspect .id{margin:0 0 8px;font-size:13px;color:var(--soft);overflow-wrap:anywhere}
.suspect img{display:block;width:100%;height:116px;background:var(--faint)}
.suspect audio{display:block;width:100%;height:38px;margin:8px 0 4px}
.suspect .missing{margin:8px 0;font-size:13px;color:var(--alert)}
.suspect table{font-size:13px;margin:4px 0}.suspect td,.suspect th{padding:3px 10px 3px 0}
.suspect p.near{font-size:13px;margin:6px 0 0;color:var(--soft);max-width:none}
.meter{display:inline-block;vertical-align:middle;width:90px;height:7px;background:var(--faint);margin-right:8px}
.meter span{display:block;height:100%}
@media (max-width:600px){.meter{width:44px;margin-right:6px}}
.meter .given{background:var(--c1)}.meter .suggested{background:var(--c0)}
</style>`);

/** The audit as one page that needs nothing but itself, apart from recordings too large to be put into it. */
export function auditPage(page: AuditPage): string {
  const { audit, suspects, time, version } = page;
  const sections = [
    { id: 'summary', title: 'Summary', content: summary(page) },
    { id: 'classes', title: 'Classes', content: classes(audit) },
    { id: 'clips', title: 'Clips to listen to', content: clips(suspects, audit) },
  ];
  return pageFrame({
    title: `Label audit of ${page.data} – audiossl`,
    kind: 'audiossl label audit',
    heading: page.data,
    time,
    version,
    // Nothing from outside is loaded but recordings beside the page.
    contentSecurityPolicy: "default-src 'none'; img-src data:; media-src data: file: 'self'; style-src 'unsafe-inline'",
    extraStyle: css,
    links: sections,
    main: sections.map(sectionMarkup),
    footer: 'All clips in their order are in labels.csv beside this page, the numbers of the summary in audit.json.',
  });
}

function summary({ audit, model, split, notes, detection }: AuditPage): Child {
  return [
    h(
      'p',
      {},
      `${counted(audit.numSuspected, 'clip')} of ${integer(audit.numClips)} (${percent(audit.numSuspected / audit.numClips)}) ${audit.numSuspected === 1 ? 'bears a label' : 'bear labels'} that the sound speaks against. A classifier that never heard the recording and the recordings that sound most alike are asked; where both doubt the label, the clip stands high. `,
      'This is a reason to listen, no proof: rare or mixed sounds of the right class stand high as well.',
    ),
    facts([
      ['Encoder', h('span', { class: 'clip' }, model)],
      ['Clips', `${integer(audit.numClips)} of ${integer(audit.numGroups)} recordings or groups, split ${split}`],
      ['Suspected', `${integer(audit.numSuspected)}: clips that are confidently of another class out of fold`],
      ['Estimated wrong', `${integer(audit.estimatedNumErrors)} by the joint distribution, which also counts confusions of a weak encoder`],
      [
        'Out-of-fold',
        `${percent(audit.outOfFoldAccuracy)} of the given labels are the likeliest ones, ${audit.numFolds} folds by group, seed ${audit.seed}`,
      ],
      ['Neighbours', `${integer(audit.numNeighbours)} a clip, of other groups`],
      [
        'Flipped on purpose',
        detection &&
          `${integer(detection.numFlipped)} labels: precision ${percent(detection.precision)} and recall ${percent(detection.recall)} of the suspected clips, average precision ${number(detection.averagePrecision, 3)} (a random order: ${number(detection.randomPrecision, 3)})`,
      ],
    ]),
    notes.length > 0 &&
      h(
        'ul',
        { class: 'warnings' },
        notes.map((note) => h('li', {}, note)),
      ),
  ];
}

function classes(audit: LabelAudit): Child {
  const pairs = new Map<string, { given: string; suggested: string; count: number }>();
  for (const { isSuspected, label, suggested } of audit.clips) {
    if (!isSuspected) continue;
    const key = JSON.stringify([label, suggested]);
    const pair = pairs.get(key) ?? { given: label, suggested, count: 0 };
    pairs.set(key, { ...pair, count: pair.count + 1 });
  }
  const commonest = [...pairs.values()].sort((a, b) => b.count - a.count || (a.given < b.given ? -1 : 1));
  const mostOf = (label: string) => commonest.filter(({ given }) => given === label).slice(0, 3);
  return table({
    caption: 'Suspected clips by the label they bear',
    columns: [
      { head: 'Given label' },
      { head: 'Clips', isNumber: true },
      { head: 'Suspected', isNumber: true },
      { head: 'Share', isNumber: true },
      { head: 'Suggested instead', isWide: true },
    ],
    rows: [...audit.classes]
      .sort((a, b) => b.numSuspected / b.numClips - a.numSuspected / a.numClips || (a.label < b.label ? -1 : 1))
      .map(({ label, numClips, numSuspected }) => ({
        cells: [
          label,
          integer(numClips),
          integer(numSuspected),
          percent(numSuspected / numClips),
          mostOf(label)
            .map(({ suggested, count }) => `${suggested} ${count}`)
            .join(', ') || '–',
        ],
      })),
  });
}

function clips(suspects: readonly Suspect[], audit: LabelAudit): Child {
  if (suspects.length === 0) return empty('No clip is shown; pass --top to show the first clips of the ranking.');
  const linked = suspects.filter(({ audio }) => audio.kind === 'linked').length;
  return [
    h(
      'p',
      {},
      `The ${counted(suspects.length, 'clip')} with the highest scores${suspects.length > audit.numSuspected ? `, the last ${suspects.length - audit.numSuspected} of which are not suspected` : ''}. Pictures show the whole clip: time runs to the right, mel bands upwards, each on its own scale.`,
      linked > 0 &&
        ` ${counted(linked, 'recording')} too large for the page ${linked === 1 ? 'is' : 'are'} played from where the data lie: they fall silent when page or data are moved.`,
    ),
    h('ol', { class: 'suspects' }, suspects.map(card)),
  ];
}

function card({ clip, neighbours, seconds, picture, audio, trueLabel }: Suspect): Child {
  return h(
    'li',
    { class: 'suspect', id: `clip-${clip.rank}` },
    h(
      'h3',
      {},
      h('span', { class: 'rank' }, `${clip.rank}.`),
      h('span', {}, clip.label, h('span', { class: 'arrow' }, ' → '), `${clip.suggested}?`),
    ),
    h(
      'p',
      { class: 'id' },
      `${clip.id} · ${number(seconds, 3)} s · score ${clip.score.toFixed(3)}${clip.isSuspected ? '' : ' · not suspected'}${trueLabel === undefined ? '' : trueLabel === clip.label ? ' · not flipped' : ` · flipped from ${trueLabel}`}`,
    ),
    h('img', { src: pngDataUri(picture.png), width: picture.width, height: picture.height, alt: `log-mel of ${clip.id}` }),
    audio.kind === 'missing'
      ? h('p', { class: 'missing' }, `The recording is not at ${audio.path}; pass --data with its folder.`)
      : h('audio', { controls: true, preload: audio.kind === 'embedded' ? 'metadata' : 'none', src: audio.src, 'aria-label': clip.id }),
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['', clip.label, clip.suggested, 'others'].map((head) => h('th', { scope: 'col' }, head)),
        ),
      ),
      h(
        'tbody',
        {},
        opinion('Classifier', clip.outOfFoldProbability, clip.suggestedProbability),
        opinion('Neighbours', clip.neighbourShare, clip.suggestedNeighbourShare),
      ),
    ),
    h(
      'p',
      { class: 'near' },
      'Sounds most like ',
      neighbours.map(({ id, label }, i) => [i > 0 && ', ', label, ' (', h('span', { class: 'clip' }, id), ')']),
      '.',
    ),
  );
}

function opinion(name: string, given: number, suggested: number): Child {
  // Whole per cent that add up to 100.
  const shares = largestRemainder([given, suggested, Math.max(0, 1 - given - suggested)], 100);
  const meter = (kind: string, share: number) => [
    h('span', { class: 'meter' }, h('span', { class: kind, style: `width:${share}%` })),
    `${share} %`,
  ];
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', {}, meter('given', shares[0])),
    h('td', {}, meter('suggested', shares[1])),
    h('td', {}, `${shares[2]} %`),
  );
}
