import type { FrontEnd } from '../audio/frontEnd.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { patchCentreMs } from './patchTimes.js';

/** What a row of the output is: a recording, a patch of the model's grid, or a window of so many seconds every `hop` seconds. */
export type RowKind = 'clip' | 'patch' | { window: number; hop: number };

/** A row whose patches are on their way: the mean of h over them. */
export interface OpenRow {
  /** Patches that it is the mean of; undefined while the recording goes on. */
  wanted?: number;
  count: number;
  /** Sum of h so far. */
  sum?: Float64Array;
  /** Centres of its first and last patch, ms. */
  firstMs: number;
  lastMs: number;
}

/** A patch to be embedded, and the rows that it counts for. */
export interface PlannedPatch {
  /** [patchFrames, nMels]: a view of frames that are in memory as long as it is */
  values: Float32Array;
  rows: OpenRow[];
}

/**
 * Cuts one recording, whose log-mel comes in pieces of any size, into patches, and says which rows they make. A window starts every hop
 * and, where the recording does not end with one, once more so that it does; in it patches stand as on the grid of a recording of its
 * length. Overlapping windows share patches. A recording shorter than a window is one window. Memory: the frames of one window.
 */
export class RecordingPatches {
  /** Rows in order; taken from the front by the caller when they are complete. */
  readonly rows: OpenRow[] = [];
  private frames: Float32Array = new Float32Array(0);
  /** Number of the first frame that is kept. */
  private firstFrame = 0;
  private numFrames = 0;
  private nextWindow = 0;
  private readonly open = new Map<number, OpenRow>();
  private readonly patchFrames: number;
  private readonly patchHop: number;
  private readonly frontEnd: FrontEnd;
  private readonly windowFrames: number;
  private readonly hopFrames: number;
  private readonly clip: OpenRow | undefined;

  constructor({ patchFrames, patchHop, frontEnd }: Pick<Model, 'patchFrames' | 'patchHop' | 'frontEnd'>, kind: RowKind) {
    this.patchFrames = patchFrames;
    this.patchHop = patchHop;
    this.frontEnd = frontEnd;
    const { windowFrames, hopFrames } = windowOf({ patchFrames, patchHop, frontEnd }, kind);
    this.windowFrames = windowFrames;
    this.hopFrames = hopFrames;
    if (kind === 'clip') {
      this.clip = { count: 0, firstMs: 0, lastMs: 0 };
      this.rows.push(this.clip);
    }
  }

  /** Takes frames [n, nMels] in; gives the patches that they complete. */
  *push(data: Float32Array): Generator<PlannedPatch, void> {
    this.keep(data);
    // A window that ends with the last frame so far may be the recording's last, which `end` sees to.
    while (this.nextWindow * this.hopFrames + this.windowFrames < this.numFrames) yield* this.window(this.nextWindow++);
  }

  /** The patches that are left. Throws AudiosslError for a recording shorter than a patch. */
  end(): PlannedPatch[] {
    if (this.numFrames < this.patchFrames) {
      throw new AudiosslError(`has ${this.numFrames} frames, the model needs ${this.patchFrames}; the recording is too short`);
    }
    const length = Math.min(this.windowFrames, this.numFrames);
    const start = this.numFrames - length;
    const isRegular = start === this.nextWindow * this.hopFrames && length === this.windowFrames;
    const planned = isRegular ? this.window(this.nextWindow++) : this.lastWindow(start, length);
    if (this.clip !== undefined) this.clip.wanted = this.clip.count;
    return planned;
  }

  /** Patches of window `number` that no window before it had. */
  private window(number: number): PlannedPatch[] {
    const first = number * this.hopFrames;
    const offsets = offsetsIn(this.windowFrames, this.patchFrames, this.patchHop);
    const isNew = (start: number) => {
      for (let other = number - 1; other >= 0 && start - other * this.hopFrames <= this.windowFrames - this.patchFrames; other--) {
        if (this.isOnGrid(start - other * this.hopFrames)) return false;
      }
      return true;
    };
    const planned = offsets.flatMap((offset) => {
      const start = first + offset;
      if (!isNew(start)) return [];
      if (this.clip !== undefined) return [this.patch(start, [this.clip])];
      const rows: OpenRow[] = [];
      for (let other = number; other * this.hopFrames <= start; other++) {
        if (this.isOnGrid(start - other * this.hopFrames)) rows.push(this.rowOf(other));
      }
      return [this.patch(start, rows)];
    });
    if (this.clip === undefined) {
      const row = this.rowOf(number);
      row.wanted = offsets.length;
      this.rows.push(row);
      this.open.delete(number);
    }
    return planned;
  }

  /** A window that is not on the regular grid, at the end of the recording. */
  private lastWindow(first: number, length: number): PlannedPatch[] {
    const offsets = offsetsIn(length, this.patchFrames, this.patchHop);
    const row: OpenRow = this.clip ?? { count: 0, wanted: offsets.length, firstMs: 0, lastMs: 0 };
    if (this.clip === undefined) this.rows.push(row);
    return offsets.map((offset) => this.patch(first + offset, [row]));
  }

  /** Whether a window has a patch so many frames after its start. */
  private isOnGrid(offset: number): boolean {
    const last = this.windowFrames - this.patchFrames;
    return offset >= 0 && offset <= last && (offset === last || offset % this.patchHop === 0);
  }

  private rowOf(window: number): OpenRow {
    const row = this.open.get(window) ?? { count: 0, firstMs: 0, lastMs: 0 };
    this.open.set(window, row);
    return row;
  }

  private patch(start: number, rows: OpenRow[]): PlannedPatch {
    const ms = patchCentreMs(start, this.patchFrames, this.frontEnd);
    for (const row of rows) {
      // A patch that an earlier window needed first may stand after others of the row.
      row.firstMs = row.count === 0 ? ms : Math.min(row.firstMs, ms);
      row.lastMs = row.count === 0 ? ms : Math.max(row.lastMs, ms);
      row.count++;
    }
    const from = (start - this.firstFrame) * this.frontEnd.nMels;
    return { values: this.frames.subarray(from, from + this.patchFrames * this.frontEnd.nMels), rows };
  }

  private keep(data: Float32Array): void {
    const { nMels } = this.frontEnd;
    // The next window, or one that ends with what was there.
    const needed = Math.max(this.firstFrame, Math.min(this.nextWindow * this.hopFrames, this.numFrames - this.windowFrames));
    const old = this.frames.subarray((needed - this.firstFrame) * nMels);
    if (old.length === 0) this.frames = data;
    else {
      this.frames = new Float32Array(old.length + data.length);
      this.frames.set(old);
      this.frames.set(data, old.length);
    }
    this.firstFrame = needed;
    this.numFrames += data.length / nMels;
  }
}

/** Window and hop in frames. Throws UsageError for a window shorter than a patch or a hop under a frame. */
export function windowOf(
  { patchFrames, patchHop, frontEnd }: Pick<Model, 'patchFrames' | 'patchHop' | 'frontEnd'>,
  kind: RowKind,
): { windowFrames: number; hopFrames: number } {
  if (typeof kind === 'string') return { windowFrames: patchFrames, hopFrames: patchHop };
  const framesOf = (seconds: number) => Math.round((seconds * frontEnd.sampleRate) / frontEnd.hopLength);
  const [windowFrames, hopFrames] = [framesOf(kind.window), framesOf(kind.hop)];
  if (!(windowFrames >= patchFrames)) {
    const seconds = (patchFrames * frontEnd.hopLength) / frontEnd.sampleRate;
    throw new UsageError(`window: it must be at least as long as the model's patch, ${seconds.toFixed(3)} s, got ${kind.window}`);
  }
  if (!(hopFrames >= 1)) {
    throw new UsageError(`hop: it must be at least a frame, ${(frontEnd.hopLength / frontEnd.sampleRate).toFixed(4)} s, got ${kind.hop}`);
  }
  return { windowFrames, hopFrames };
}

function offsetsIn(length: number, patchFrames: number, hop: number): number[] {
  const last = length - patchFrames;
  return [...Array.from({ length: Math.ceil(last / hop) }, (_, i) => i * hop), last];
}
