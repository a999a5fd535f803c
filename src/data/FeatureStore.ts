import { existsSync } from 'node:fs';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { FrontEnd } from '../audio/frontEnd.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { NPY_HEADER_BYTES, type NpyHeader, readNpyHeader } from '../util/npy.js';
import { type ClipLevel, clipLevel, perClipStandardisation } from './clipLevels.js';
import { type ClipSumsFile, eachClipSums, type Standardisation, type StandardisationAxes, standardisationOf } from './clipStatistics.js';
import { readRuns } from './patchReader.js';
import { parseStoredClips, partialDir, readStoreInfo, type StoredClip, type StoreInfo, storeFile } from './storeFiles.js';

export interface PatchRequest {
  /** Index in `store.clips`. */
  clip: number;
  /** First frame, counted from the clip's own. */
  start: number;
}

/**
 * The log-mel features of a data set on disk. Reads are positional and bounded in memory; the file is never loaded whole.
 *
 *     const store = await FeatureStore.open('runs/features');
 *     const patches = await store.readPatches([{ clip: 0, start: 12 }], 101); // Float32Array, [1, 101, nMels] row-major
 *
 * @example
 * ```ts
 * import { cp } from 'node:fs/promises';
 * import { buildFeatureStore, FeatureStore, loadDataset, resolveFrontEnd } from 'audiossl';
 * await cp('data/esc10/audio/2-71162-A.ogg', 'sounds/rain/1.ogg');
 * const dataset = await loadDataset('sounds');
 * await buildFeatureStore({ dataset, frontEnd: resolveFrontEnd(), out: 'store', numWorkers: 1 });
 * const store = await FeatureStore.open('store');
 * const patch = await store.readPatches([{ clip: 0, start: 200 }], 101);
 * await store.close();
 * [store.clips[0].id, patch.length]; // => ['rain/1.ogg', 101 * 96]
 * ```
 */
export class FeatureStore {
  private constructor(
    /** Absolute. */
    readonly dir: string,
    private readonly info: StoreInfo,
    readonly clips: readonly StoredClip[],
    private readonly logMel: FileHandle,
    private readonly stats: FileHandle,
  ) {}

  /** Opens a complete store. Throws UsageError when there is none, AudiosslError naming the file when its files do not fit together. */
  static async open(dir: string): Promise<FeatureStore> {
    const root = resolve(dir);
    if (!existsSync(join(root, storeFile.store))) {
      if (existsSync(partialDir(root)))
        throw new UsageError(
          `FeatureStore: ${dir} is not complete; run audiossl features again with the same --out, it goes on where it stopped`,
        );
      throw new UsageError(
        `FeatureStore: ${dir} must be a feature store, got ${existsSync(root) ? 'a folder without store.json' : 'no such folder'}; make one with audiossl features`,
      );
    }
    const info = await readStoreInfo(root);
    const clipsFile = join(root, storeFile.clips);
    const clips = parseStoredClips(await readFile(clipsFile, 'utf8'), clipsFile, info.classNames);
    checkClips(clips, info, clipsFile);
    const logMel = await openArray(join(root, storeFile.logMel), info.dtype, [info.totalFrames, info.nMels]);
    try {
      const stats = await openArray(join(root, storeFile.stats), 'float64', [info.numClips, 2, info.nMels]);
      return new FeatureStore(root, info, clips, logMel, stats);
    } catch (error) {
      await logMel.close();
      throw error;
    }
  }

  get frontEnd(): FrontEnd {
    return this.info.frontEnd;
  }
  get frontEndHash(): string {
    return this.info.frontEndHash;
  }
  get nMels(): number {
    return this.info.nMels;
  }
  get totalFrames(): number {
    return this.info.totalFrames;
  }
  /** Sorted by code unit; empty without labels. */
  get classNames(): readonly string[] {
    return this.info.classNames;
  }
  get dtype(): 'float32' | 'float16' {
    return this.info.dtype;
  }
  /** Recordings that could not be used; rejected.csv has the reasons. */
  get numRejected(): number {
    return this.info.numRejected;
  }

  /**
   * Patches of raw log-mel, [requests, patchFrames, nMels] row-major, in the order asked for; several calls may be under way at once.
   * Fills the start of `out` where it is given (at least that long) and returns it. Throws AudiosslError for a patch outside its clip.
   */
  async readPatches(requests: readonly PatchRequest[], patchFrames: number, out?: Float32Array): Promise<Float32Array> {
    const { nMels, dtype } = this.info;
    const valuesPerRun = patchFrames * nMels;
    if (!Number.isInteger(patchFrames) || patchFrames < 1)
      throw new AudiosslError(`readPatches: patchFrames must be a whole number from 1 up, got ${patchFrames}`);
    const result = out ?? new Float32Array(requests.length * valuesPerRun);
    if (result.length < requests.length * valuesPerRun) {
      throw new AudiosslError(`readPatches: out must hold ${requests.length * valuesPerRun} values, holds ${result.length}`);
    }
    const frameBytes = nMels * (dtype === 'float16' ? 2 : 4);
    const wanted = requests.map(({ clip: index, start }, i) => {
      const clip = this.clips[index];
      if (clip === undefined) throw new AudiosslError(`readPatches: clip must be an index under ${this.clips.length}, got ${index}`);
      if (!Number.isInteger(start) || start < 0 || start + patchFrames > clip.numFrames) {
        throw new AudiosslError(`readPatches: ${clip.id} has ${clip.numFrames} frames, a patch of ${patchFrames} cannot start at ${start}`);
      }
      return { byte: NPY_HEADER_BYTES + (clip.firstFrame + start) * frameBytes, to: i * valuesPerRun };
    });
    await readRuns({ handle: this.logMel, file: join(this.dir, storeFile.logMel), dtype, wanted, valuesPerRun, out: result });
    return result;
  }

  /**
   * Mean and population standard deviation over all frames of the given clips, from their sums: nothing else is read.
   * `global` gives arrays of length 1, `perBand` of length nMels; `perClip` 0 and 1, as `clipLevels` has the values of each clip.
   * `compat.standardDeviation` is the authors' sqrt(S)/N.
   */
  async statistics(
    clipIndices: ArrayLike<number>,
    { standardisation = 'global', compat }: { standardisation?: StandardisationAxes; compat?: { standardDeviation?: boolean } } = {},
  ): Promise<Standardisation> {
    if (standardisation === 'perClip') {
      if (compat?.standardDeviation === true)
        throw new UsageError(
          'data.compat.standardDeviation: the authors have no perClip; leave it out, or set data.standardisation=global',
        );
      return perClipStandardisation;
    }
    return standardisationOf({ ...this.sumsFile, clipIndices, standardisation, compat });
  }

  /** Mean and deviation of each of all clips, from their sums; read once. */
  clipLevels(): Promise<readonly ClipLevel[]> {
    this.levels ??= this.readLevels();
    return this.levels;
  }

  private levels: Promise<readonly ClipLevel[]> | undefined;

  private async readLevels(): Promise<readonly ClipLevel[]> {
    const levels: ClipLevel[] = [];
    await eachClipSums(this.sumsFile, [...this.clips.keys()], (clip, sums) => levels.push(clipLevel(sums, this.clips[clip].numFrames)));
    return levels;
  }

  /**
   * A text for each of the clips that says what its features are: equal for equal features under one id, wherever the store lies and
   * whenever it was made; another one when the recording or the front end changes. From the sums: no features are read.
   */
  async fingerprints(clipIndices: ArrayLike<number>): Promise<string[]> {
    const found = new Map<number, string>();
    await eachClipSums(this.sumsFile, clipIndices, (clip, sums) => {
      const { id, numFrames, numSamples, sampleRate } = this.clips[clip];
      const said = sha256(JSON.stringify([this.frontEndHash, id, numFrames, numSamples, sampleRate]));
      const values = sha256(new Uint8Array(sums.buffer, sums.byteOffset, sums.byteLength));
      found.set(clip, sha256(`${said}${values}`).slice(0, 32));
    });
    return Array.from(clipIndices, (clip) => found.get(clip) as string);
  }

  private get sumsFile(): ClipSumsFile {
    return { handle: this.stats, file: join(this.dir, storeFile.stats), clips: this.clips, nMels: this.nMels };
  }

  async close(): Promise<void> {
    await this.logMel.close();
    await this.stats.close();
  }
}

/** Clips must lie one behind the other, fill the file, and have ids of their own. */
function checkClips(clips: readonly StoredClip[], info: StoreInfo, file: string): void {
  if (clips.length !== info.numClips)
    throw new AudiosslError(`FeatureStore: ${file}: ${info.numClips} clips are needed, got ${clips.length}; build the store again`);
  let frame = 0;
  const seen = new Set<string>();
  for (const clip of clips) {
    if (clip.firstFrame !== frame)
      throw new AudiosslError(
        `FeatureStore: ${file}: clip ${clip.id} must start at frame ${frame}, got ${clip.firstFrame}; build the store again`,
      );
    if (seen.has(clip.id)) throw new AudiosslError(`FeatureStore: ${file}: clip ${clip.id} stands there twice; build the store again`);
    seen.add(clip.id);
    frame += clip.numFrames;
  }
  if (frame !== info.totalFrames)
    throw new AudiosslError(
      `FeatureStore: ${file}: the clips must add up to ${info.totalFrames} frames, got ${frame}; build the store again`,
    );
}

async function openArray(path: string, dtype: NpyHeader['dtype'], shape: number[]): Promise<FileHandle> {
  if ((await stat(path).catch(() => undefined)) === undefined)
    throw new AudiosslError(`FeatureStore: ${path} is missing; build the store again`);
  const handle = await open(path, 'r');
  try {
    const header = await readNpyHeader(handle, path);
    if (header.dtype !== dtype || header.shape.join() !== shape.join() || header.dataOffset !== NPY_HEADER_BYTES) {
      throw new AudiosslError(
        `FeatureStore: ${path}: must be ${dtype} [${shape}], got ${header.dtype} [${header.shape}]; build the store again`,
      );
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}
