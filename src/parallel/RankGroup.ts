import * as tf from '@tensorflow/tfjs-core';
import type { LibtorchBackend } from '../backend/libtorch/LibtorchBackend.js';
import { loadAddon } from '../backend/libtorch/loadAddon.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import type { RankPlace } from './RankPlace.js';

/** Between two looks into the store of who waits for rank 0, in milliseconds: at first, and at most. */
const FIRST_POLL_MS = 2;
const LONGEST_POLL_MS = 200;

/**
 * The processes of one run as one of them, a rank, sees them: collectives of libtorch's own c10d (Gloo) between them. All ranks make the
 * same calls in the same order. Where one is gone, or silent for longer than the timeout, the others' calls throw.
 */
export interface RankGroup {
  readonly rank: number;
  readonly size: number;
  /** How it was started, for records. */
  readonly launcher: RankPlace['launcher'];
  /**
   * Begins to add the float32 tensors of all ranks, in place, with the same bits on all of them, and returns what waits for it. The tensors
   * must have no other reader, and are to be left alone until then.
   * @param precision what they travel as; with bfloat16 each rank's values and the sums, added in float32, are rounded to it
   */
  startSum(tensors: readonly tf.Tensor[], precision?: 'float32' | 'bfloat16'): () => void;
  /** `[views rows, dim]` of each rank -> `[views all, dim]`: each view's rows in the order of the ranks. `counts`: rows of a view on each. */
  gatherRows(rows: tf.Tensor2D, views: number, counts: readonly number[]): tf.Tensor2D;
  /** Seconds that this rank has waited for others since it was last asked. */
  takeWaits(): Waits;
  /** Rank 0's values into everybody's float32 tensors, in place. */
  broadcast(tensors: readonly tf.Tensor[]): void;
  /** Runs `f` with the statistics of batch norm taken over all ranks. */
  sharingStatistics<T>(f: () => T): T;
  /** Runs `work` on rank 0 alone; every rank gets its result, or an error where it threw. The result must survive JSON. */
  first<T>(work: () => Promise<T>): Promise<T>;
  /** What each rank says, in their order. */
  exchange(text: string): Promise<string[]>;
  /** The end, in order: rank 0, whose store it may be, waits for the others. A process that failed leaves by ending. */
  leave(): Promise<void>;
}

/** Seconds: for statistics of batch norm, for rows of embeddings and projections, for sums of gradients at the end of a step. */
export interface Waits {
  statistics: number;
  rows: number;
  sums: number;
}

/**
 * Joins the other ranks. Throws UsageError where the backend is not libtorch or was built without ranks, AudiosslError where the others
 * do not come.
 * @param onNote gets, on rank 0, a line on what was chosen for the user
 * @param timeoutSeconds how long a rank waits for another before it gives up
 */
export function joinRanks(
  place: RankPlace,
  { timeoutSeconds, onNote }: { timeoutSeconds: number; onNote?: (line: string) => void },
): RankGroup {
  if (tf.getBackend() !== 'libtorch') {
    throw new UsageError(
      `ranks: several processes need the backend libtorch, got ${tf.getBackend()}; run \`npm run setup\`, or start one process`,
    );
  }
  const addon = loadAddon();
  if (!addon.hasRanks()) {
    throw new UsageError(
      `ranks: the addon was built without them, libtorch ${addon.torchVersion()} has no Gloo that it knows; start one process, or take another libtorch (\`npm run setup -- --libtorch pypi\`)`,
    );
  }
  const { rank, size, localSize, host, restarts, networkInterface = '' } = place;
  const who = `rank ${rank} of ${size}`;
  const guarded = <T>(call: () => T): T => {
    try {
      return call();
    } catch (error) {
      throw lostRank(who, timeoutSeconds, error);
    }
  };
  const { port, isServer, note } = storeOf(place, addon.torchVersion());
  if (rank === 0 && note !== undefined) onNote?.(note);
  const address = networkInterface === '' && localSize === size ? '127.0.0.1' : '';
  guarded(() =>
    addon.joinRanks(host, port, rank, size, isServer, `audiossl/${restarts}`, networkInterface, address, Math.ceil(1000 * timeoutSeconds)),
  );
  const handles = (tensors: readonly tf.Tensor[]) => (tf.backend() as LibtorchBackend).handles([...tensors]);
  let calls = 0;
  const put = (key: string, text: string) => addon.storeSet(key, new TextEncoder().encode(text));

  /** Until `key` is there; given up where `isAlive` has said nothing new for the timeout. */
  async function waitFor(key: string, lifeSign: () => string): Promise<string> {
    let pause = FIRST_POLL_MS;
    let last = lifeSign();
    let since = performance.now();
    while (!addon.storeHas(key)) {
      const sign = lifeSign();
      if (sign !== last) [last, since] = [sign, performance.now()];
      if (performance.now() - since > 1000 * timeoutSeconds) throw new Error(`no sign of life for ${timeoutSeconds} s`);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, LONGEST_POLL_MS);
    }
    return addon.storeGet(key);
  }

  async function runFirst<T>(key: string, work: () => Promise<T>): Promise<T> {
    let beats = 0;
    const sayAlive = () => {
      try {
        put(`${key}/beat`, String(++beats));
      } catch {
        // A store that is gone is heard of when the work is done.
      }
    };
    const beat = setInterval(sayAlive, Math.min(1000, 250 * timeoutSeconds));
    try {
      const value = await work();
      guarded(() => put(key, JSON.stringify({ value })));
      return value;
    } catch (error) {
      const isUsage = error instanceof AudiosslError && error.exitCode === 2;
      try {
        put(key, JSON.stringify({ error: errorText(error), isUsage }));
      } catch {
        // The error of the work is the one to be heard of.
      }
      throw error;
    } finally {
      clearInterval(beat);
    }
  }

  return {
    rank,
    size,
    launcher: place.launcher,
    startSum(tensors, precision = 'float32') {
      const sum = guarded(() => addon.startSum(handles(tensors), precision === 'bfloat16'));
      return () => guarded(() => addon.finishSum(sum));
    },
    gatherRows(rows, views, counts) {
      const backend = tf.backend() as LibtorchBackend;
      const gathered = guarded(() => addon.gatherRows(backend.handle(rows), views, [...counts]));
      const shape = [views * counts.reduce((sum, count) => sum + count, 0), rows.shape[1]];
      return tf.engine().makeTensorFromTensorInfo(backend.wrap(gathered, shape, rows.dtype)) as tf.Tensor2D;
    },
    takeWaits: () => addon.takeWaits(),
    broadcast: (tensors) => guarded(() => addon.broadcastFirst(handles(tensors))),
    sharingStatistics(f) {
      addon.shareStatistics(true);
      try {
        return f();
      } catch (error) {
        throw isLostConnection(error) ? lostRank(who, timeoutSeconds, error) : error;
      } finally {
        addon.shareStatistics(false);
      }
    },
    async first<T>(work: () => Promise<T>): Promise<T> {
      const key = `first/${calls++}`;
      if (rank === 0) return runFirst(key, work);
      let text: string;
      try {
        text = await waitFor(key, () => (addon.storeHas(`${key}/beat`) ? addon.storeGet(`${key}/beat`) : ''));
      } catch (error) {
        throw lostRank(who, timeoutSeconds, error);
      }
      const { value, error, isUsage } = JSON.parse(text) as { value: T; error?: string; isUsage?: boolean };
      if (error === undefined) return value;
      throw new (isUsage ? UsageError : AudiosslError)(`rank 0 failed: ${error}`);
    },
    async exchange(text) {
      const key = `exchange/${calls++}`;
      try {
        put(`${key}/${rank}`, text);
        const texts: string[] = [];
        for (let other = 0; other < size; other++) texts.push(await waitFor(`${key}/${other}`, () => ''));
        return texts;
      } catch (error) {
        throw lostRank(who, timeoutSeconds, error);
      }
    },
    async leave() {
      try {
        if (rank > 0) put(`left/${rank}`, '');
        else for (let other = 1; other < size; other++) await waitFor(`left/${other}`, () => '');
      } catch {
        // What was to be done is done: that another one fails to say goodbye is its own affair.
      }
      addon.leaveRanks();
    },
  };
}

/**
 * The store that the ranks meet in: the launcher's where it has one, else rank 0's own. The protocol of stores changed with PyTorch 2, and a
 * libtorch before that cannot talk to a later launcher's, nor find out: rank 0 then opens one on the port behind it, which all ranks know.
 */
function storeOf({ rank, port, isStoreThere }: RankPlace, libtorch: string): { port: number; isServer: boolean; note?: string } {
  const isFirst = rank === 0;
  if (!isStoreThere) return { port, isServer: isFirst };
  if (Number.parseInt(libtorch, 10) >= 2) return { port, isServer: false };
  const note = `libtorch ${libtorch} does not speak to the stores of newer launchers: rank 0 opens one of its own on port ${port + 1}`;
  return { port: port + 1, isServer: isFirst, note };
}

/** Whether a kernel that exchanges statistics failed for want of another rank: Gloo names its own source in what it throws. */
export function isLostConnection(error: unknown): boolean {
  return !(error instanceof AudiosslError) && /\bgloo\//.test(errorText(error));
}

function lostRank(who: string, timeoutSeconds: number, error: unknown): AudiosslError {
  return new AudiosslError(
    `${who}: another rank is gone, or has not answered within ${timeoutSeconds} s (${errorText(error).slice(0, 300)}); see what it said, then start again with --resume`,
    { cause: error },
  );
}
