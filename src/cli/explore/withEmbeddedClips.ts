import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { clipMeans } from '../../embed/embedClips.js';
import { embedSet } from '../../embed/embedSet.js';
import { withEmbeddingCache } from '../../eval/withEmbeddingCache.js';
import { evaluationTables } from '../../explore/evaluationTables.js';
import { runFolder } from '../../run/runFolder.js';
import { type ChosenClips, clipsOfSplit, noteLookAtTest } from '../clipsOfSplit.js';
import { soundPath } from '../soundPath.js';
import { type Subject, withSubject } from '../withSubject.js';
import type { Explored } from './explored.js';
import type { ExploreOptions } from './exploreOptions.js';

interface Progress {
  onProgress: (stage: string, done: number, total: number) => void;
  signal: AbortSignal;
}

/** Embeds the clips of a run, or of recordings by a model, for `work`: a row a clip. What the run keeps of its clips is not embedded again. */
export async function withEmbeddedClips<T>(
  runOrFile: string | undefined,
  options: ExploreOptions,
  progress: Progress,
  work: (explored: Explored) => Promise<T>,
): Promise<T> {
  const { data, features, format, checkpoint, out, split = 'all' } = options;
  const isRun = runOrFile !== undefined && existsSync(runFolder(runOrFile).config);
  const source = {
    // With a store, --data only says where the recordings lie now.
    ...(features === undefined ? { data } : { features }),
    ...{ format, out: isRun ? undefined : out },
  };
  return withSubject(runOrFile, { checkpoint, backend: options, source, signal: progress.signal }, async (subject) => {
    const chosen = await clipsOfSplit(subject, split, 'explore');
    const isLook = await noteLookAtTest(subject, chosen, { what: 'explore', seed: options.seed, out });
    const explored = await embedChosen(subject, chosen, options, progress);
    if (isLook) explored.notes.push('test clips of the run are shown, which its reports will say; --split train or validation shows none');
    return work(explored);
  });
}

async function embedChosen(
  subject: Subject,
  { clips, splitOf, isOfRun, notes }: ChosenClips,
  { data, features, split = 'all' }: ExploreOptions,
  { onProgress, signal }: Progress,
): Promise<Explored & { notes: string[] }> {
  const { run, model, store } = subject;
  const patches = await withEmbeddingCache(subject, (cache) =>
    embedSet({ model, store, clips, name: split, batchSize: 128, cache, onProgress, signal }),
  );
  const { dim } = patches;
  const rows = clipMeans(patches, clips.length);
  const chosen = clips.map((clip) => store.clips[clip]);
  const { name, sha256 } = model.checkpoint ?? { name: 'random weights', sha256: '' };
  return {
    file: {
      dim,
      ids: chosen.map(({ id }) => id),
      timestamps: new Float64Array(clips.length),
      readRows: async (first, count) => rows.subarray(first * dim, (first + count) * dim),
      meta: { per: 'clip' },
    },
    // Of clips that no run has split, the data's own word and no guess.
    dataset: {
      clips: chosen.map((clip) => ({ ...clip, path: soundPath(clip, { data, features }), ...(isOfRun && { split: splitOf(clip) }) })),
    },
    store,
    tables: run === undefined ? [] : await evaluationTables(run, sha256),
    title: `${run === undefined ? name : `${basename(resolve(run.dir))} (${name})`} on ${basename(resolve(data ?? store.dir))}`,
    notes,
  };
}
