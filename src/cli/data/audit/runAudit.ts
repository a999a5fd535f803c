import { basename, resolve } from 'node:path';
import { auditLabels } from '../../../audit/auditLabels.js';
import { detectionOf, flipLabels } from '../../../audit/flipLabels.js';
import { writeAudit } from '../../../audit/writeAudit.js';
import { loadDataset } from '../../../data/loadDataset.js';
import { clipMeans } from '../../../embed/embedClips.js';
import { embedSet } from '../../../embed/embedSet.js';
import { withEmbeddingCache } from '../../../eval/withEmbeddingCache.js';
import { runFacts } from '../../../run/runFacts.js';
import { prepareFolder } from '../../../util/prepareFolder.js';
import { noteLookAtTest } from '../../clipsOfSplit.js';
import { soundPath } from '../../soundPath.js';
import { type Subject, withSubject } from '../../withSubject.js';
import { chooseClips, requireTwoClasses } from './auditClips.js';
import type { AuditOptions } from './auditOptions.js';

export type AuditResult = Awaited<ReturnType<typeof runAudit>>;

/** Model and clips in, ranked labels out, written to `out`. Nothing is written before model, features and clips are found to fit. */
export async function runAudit(options: AuditOptions, progress: Progress) {
  const { data, features, out, format, checkpoint } = options;
  // With a store, --data only says where the recordings lie now.
  const recordings = features === undefined ? data : undefined;
  const dataset = recordings === undefined ? undefined : await loadDataset(recordings, { format });
  if (dataset !== undefined) requireTwoClasses(dataset.clips);
  const source = { data: recordings, dataset, features, format, out };
  return withSubject(options.model, { checkpoint, backend: options, source, signal: progress.signal }, (subject) =>
    auditSubject(subject, options, progress),
  );
}

interface Progress {
  onProgress: (stage: string, done: number, total: number) => void;
  signal: AbortSignal;
}

/** The same of what is open already; of `options` what names it is not read. */
export async function auditSubject(subject: Subject, options: AuditOptions, { onProgress, signal }: Progress) {
  const { run, model, store } = subject;
  const chosen = await chooseClips(subject, options.split);
  const { clips, notes, isOfRun } = chosen;
  if (model.classify !== undefined && isOfRun && options.split !== 'test')
    notes.push(
      'the encoder was trained with the labels of its training clips: it may have learnt the wrong ones by heart; one trained without labels sees them better',
    );
  await prepareFolder(options.out, { who: 'audit-labels' });
  const facts = runFacts(['audiossl', ...process.argv.slice(2)]);
  const time = new Date().toISOString();
  await noteLookAtTest(subject, chosen, { what: 'labelAudit', seed: options.seed, out: options.out, time });

  const { clips: stored } = store;
  const given = clips.map((clip) => stored[clip].label as string);
  const flip = options.flip === undefined ? undefined : flipLabels({ labels: given, share: options.flip, seed: options.seed });
  const labelled = clips.map((clip, i) => ({
    id: stored[clip].id,
    label: (flip?.labels ?? given)[i],
    group: stored[clip].group ?? stored[clip].id,
  }));
  const patches = await withEmbeddingCache({ run, model, store }, (cache) =>
    embedSet({ model, store, clips, name: options.split, batchSize: 128, cache, onProgress, signal }),
  );
  const found = await auditLabels({
    embeddings: clipMeans(patches, clips.length),
    dim: patches.dim,
    clips: labelled,
    numFolds: options.folds,
    numNeighbours: options.neighbours,
    seed: options.seed,
    onProgress,
    signal,
  });
  const detection = flip && detectionOf(found, flip.isFlipped);
  const files = await writeAudit({
    audit: found,
    store,
    indices: clips,
    pathOf: (clip) => soundPath(stored[clip], options),
    out: options.out,
    top: options.top,
    trueLabels: flip && given,
    detection,
    facts: {
      ...facts,
      model: model.checkpoint?.path,
      modelSha256: model.checkpoint?.sha256,
      store: store.dir,
      frontEndHash: store.frontEndHash,
      flipShare: options.flip,
    },
    model: model.checkpoint?.path ?? options.model ?? 'none',
    data: basename(resolve(options.data ?? store.dir)),
    split: options.split,
    notes,
    time,
    version: facts.versions.audiossl,
  });
  const { clips: ranked, noiseMatrix: _, ...summary } = found;
  return { files, notes, detection, first: ranked.slice(0, 5), ...summary };
}
