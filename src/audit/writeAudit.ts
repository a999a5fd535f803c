import { join } from 'node:path';
import type { FeatureStore } from '../data/FeatureStore.js';
import { clipAudio } from '../report/clipAudio.js';
import { clipPicture } from '../report/clipPicture.js';
import { csvText } from '../report/markup.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { formatCsv } from '../util/csv.js';
import { prepareFolder } from '../util/prepareFolder.js';
import type { LabelAudit } from './auditLabels.js';
import { type AuditPage, auditPage, type Suspect } from './auditPage.js';
import type { Detection } from './flipLabels.js';

export interface AuditFiles {
  csv: string;
  json: string;
  html: string;
}

const columns = [
  'rank',
  'id',
  'label',
  'suggested',
  'score',
  'isSuspected',
  'outOfFoldProbability',
  'suggestedProbability',
  'normalisedMargin',
  'neighbourAgreement',
  'suggestedAgreement',
  'isConfidentlyOther',
  'group',
] as const;

/** Recordings that browsers do not play are heard as their first seconds. */
const unplayable = { largerThan: Number.POSITIVE_INFINITY, seconds: 30 };
/** Neighbours named in the page. */
const shownNeighbours = 3;

/**
 * Writes OUT/labels.csv (every clip, most suspicious first), OUT/audit.json (numbers and options) and OUT/index.html (the first `top` clips
 * with their sound and log-mel). `indices[i]` is the place in the store of the i-th clip that was given to `auditLabels`.
 */
export async function writeAudit({
  audit,
  store,
  indices,
  pathOf,
  out,
  top = 50,
  trueLabels,
  detection,
  facts,
  ...page
}: {
  audit: LabelAudit;
  store: Pick<FeatureStore, 'clips' | 'nMels' | 'readPatches'>;
  indices: readonly number[];
  /** Where a clip's recording lies. */
  pathOf: (storeIndex: number) => string;
  out: string;
  top?: number;
  /** With labels flipped on purpose: the true ones, in the order given. */
  trueLabels?: readonly string[];
  detection?: Detection;
  /** For audit.json: command, versions, model, front end. */
  facts: Record<string, unknown>;
} & Pick<AuditPage, 'model' | 'data' | 'split' | 'notes' | 'time' | 'version'>): Promise<AuditFiles> {
  await prepareFolder(out, { who: 'audit-labels' });
  const files = { csv: join(out, 'labels.csv'), json: join(out, 'audit.json'), html: join(out, 'index.html') };
  const four = (value: number) => Number(value.toFixed(4));
  const cell = (value: string | number | boolean) =>
    typeof value === 'number' ? four(value) : typeof value === 'string' ? csvText(value) : value;
  const header = trueLabels === undefined ? columns : [...columns, 'labelBeforeFlip'];
  await writeFileAtomic(
    files.csv,
    formatCsv(
      header,
      audit.clips.map((clip) => [
        ...columns.map((name) => cell(clip[name])),
        ...(trueLabels === undefined ? [] : [csvText(trueLabels[clip.index])]),
      ]),
    ),
  );

  const shown = audit.clips.slice(0, top);
  const byIndex = new Map(audit.clips.map((clip) => [clip.index, clip]));
  const sounds = await clipAudio(
    shown.map(({ index }) => pathOf(indices[index])),
    { pageDir: out, excerpt: unplayable },
  );
  const suspects: Suspect[] = [];
  for (const [i, clip] of shown.entries()) {
    const stored = store.clips[indices[clip.index]];
    suspects.push({
      clip,
      neighbours: clip.neighbours.slice(0, shownNeighbours).map(({ index, cosine }) => {
        const { id, label } = byIndex.get(index) as (typeof audit.clips)[number];
        return { id, label, cosine };
      }),
      seconds: stored.numSamples / stored.sampleRate,
      picture: await clipPicture(store, indices[clip.index]),
      audio: sounds[i],
      trueLabel: trueLabels?.[clip.index],
    });
  }
  await writeFileAtomic(files.html, auditPage({ audit, suspects, detection, ...page }));

  const { clips, ...numbers } = audit;
  const record = {
    schemaVersion: 1,
    ...facts,
    time: page.time,
    split: page.split,
    notes: page.notes,
    ...numbers,
    classNames: audit.classes.map(({ label }) => label),
    flip: detection,
  };
  await writeFileAtomic(files.json, `${JSON.stringify(record, null, 2)}\n`);
  return files;
}
