import { counted, integer, percent } from '../format.js';
import { type Child, h } from '../markup.js';
import { type WrongClips, wrongClipsLimits } from '../wrongClips.js';
import { clipCard, fromTo, meter } from './clipCards.js';
import { empty, table } from './parts.js';
import { describe } from './results.js';

/** The clips that were classified wrongly, to be listened to; a table of them where nothing of them can be seen or heard. */
export function wrongSection({ evaluation, numWrong, numClips, clips, note }: WrongClips): Child {
  if (numWrong === 0) return empty(`None: all ${counted(numClips, 'clip')} of ${describe(evaluation)} are right.`);
  const isMute = clips.every(({ picture, audio }) => picture === undefined && (audio === undefined || audio.kind === 'missing'));
  const [first] = clips;
  const missing = first.audio?.kind === 'missing' ? `The recordings are not there: ${first.audio.path} and others.` : undefined;
  return [
    h(
      'p',
      {},
      `${integer(numWrong)} of ${counted(numClips, 'clip')} (${percent(numWrong / numClips)}) of ${describe(evaluation)} are wrong. `,
      clips.length < numWrong
        ? `These ${integer(clips.length)} are the ones of which it was surest; `
        : 'Those of which it was surest stand first; ',
      'the true class stands before the arrow, the predicted one after it. All are in ',
      h('code', {}, `evaluations/${evaluation.name}.predictions.csv`),
      '.',
      soundText(clips),
    ),
    (note ?? (isMute && missing)) && empty(note ?? missing),
    isMute ? wrongTable(clips) : h('ol', { class: 'clips small' }, clips.map(card)),
  ];
}

function soundText(clips: WrongClips['clips']): string {
  const numCut = clips.filter(({ audio }) => audio?.kind === 'embedded' && audio.cutTo !== undefined).length;
  const numLinked = clips.filter(({ audio }) => audio?.kind === 'linked').length;
  return [
    numCut > 0 && ` Of ${counted(numCut, 'long recording')} the first ${wrongClipsLimits.seconds} s can be heard.`,
    numLinked > 0 &&
      ` ${counted(numLinked, 'recording')} ${numLinked === 1 ? 'is' : 'are'} played from where the data lie: they fall silent when page or data are moved.`,
  ]
    .filter((text) => text !== false)
    .join('');
}

function card({ id, label, predicted, probability, trueProbability, picture, audio }: WrongClips['clips'][number], i: number): Child {
  const row = (name: string, kind: 'given' | 'suggested', share: number) =>
    h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, meter(kind, Math.round(100 * share))));
  return clipCard({
    ...{ rank: i + 1, title: fromTo(label, predicted), id, line: id, picture, audio },
    more: h('table', {}, h('tbody', {}, row(predicted, 'suggested', probability), row(label, 'given', trueProbability))),
  });
}

function wrongTable(clips: WrongClips['clips']): Child {
  return table({
    caption: 'Clips that were classified wrongly, the surest first',
    columns: [
      { head: 'Clip' },
      { head: 'True class' },
      { head: 'Predicted' },
      { head: 'Probability', isNumber: true },
      { head: 'Of the true class', isNumber: true, isWide: true },
    ],
    rows: clips.map(({ id, label, predicted, probability, trueProbability }) => ({
      cells: [h('span', { class: 'clip' }, id), label, predicted, percent(probability), percent(trueProbability)],
    })),
  });
}
