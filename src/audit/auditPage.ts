import type { ClipAudio } from '../report/clipAudio.js';
import type { ClipPicture } from '../report/clipPicture.js';
import { counted, integer, number, percent } from '../report/format.js';
import { clipCard, clipCardPolicy, clipCardStyle, fromTo, meter } from '../report/html/clipCards.js';
import { pageFrame, sectionMarkup } from '../report/html/pageFrame.js';
import { breakable, empty, facts, table } from '../report/html/parts.js';
import { type Child, h } from '../report/markup.js';
import { largestRemainder } from '../util/largestRemainder.js';
import type { AuditedClip, LabelAudit } from './auditLabels.js';
import type { Detection } from './flipLabels.js';

/** A clip of the page: what was found, its picture and its sound. */
export interface Suspect {
  clip: AuditedClip;
  /** Nearest clips, for the eye: id and label. */
  neighbours: { id: string; label: string; cosine: number }[];
  seconds: number;
  picture: ClipPicture;
  audio: ClipAudio;
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
    contentSecurityPolicy: clipCardPolicy,
    extraStyle: clipCardStyle,
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
    h('ol', { class: 'clips' }, suspects.map(card)),
  ];
}

function card({ clip, neighbours, seconds, picture, audio, trueLabel }: Suspect): Child {
  return clipCard({
    ...{ rank: clip.rank, title: fromTo(clip.label, `${clip.suggested}?`), id: clip.id, picture, audio },
    line: `${clip.id} · ${number(seconds, 3)} s · score ${clip.score.toFixed(3)}${clip.isSuspected ? '' : ' · not suspected'}${trueLabel === undefined ? '' : trueLabel === clip.label ? ' · not flipped' : ` · flipped from ${trueLabel}`}`,
    missingAdvice: '; pass --data with its folder',
    more: [
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ['', clip.label, clip.suggested, 'others'].map((head) => h('th', { scope: 'col' }, breakable(head))),
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
    ],
  });
}

function opinion(name: string, given: number, suggested: number): Child {
  // Whole per cent that add up to 100.
  const shares = largestRemainder([given, suggested, Math.max(0, 1 - given - suggested)], 100);
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', {}, meter('given', shares[0])),
    h('td', {}, meter('suggested', shares[1])),
    h('td', {}, `${shares[2]} %`),
  );
}
