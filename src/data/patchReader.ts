import type { FileHandle } from 'node:fs/promises';
import { decodeFloat16 } from '../util/float16.js';
import { readFully } from '../util/npy.js';

/** Reads this close to one another become one; the bytes between are thrown away. */
const MAX_GAP_BYTES = 64 * 1024;
/** No single read is larger, whatever is asked for at once. */
const MAX_READ_BYTES = 4 * 2 ** 20;
const MAX_READS_AT_ONCE = 8;

/** Part of a file that holds the values of one patch: `byte` .. `byte + numBytes`, to be put at `to` (in values) of the output. */
interface Wanted {
  byte: number;
  to: number;
}

/**
 * Copies equal-sized runs of rows of a file of float16 or float32 values into `out`.
 * Runs are sorted by place, near ones read together, and up to eight reads are under way at once; memory is bounded by these reads.
 */
export async function readRuns({
  handle,
  file,
  dtype,
  wanted,
  valuesPerRun,
  out,
}: {
  handle: FileHandle;
  file: string;
  dtype: 'float16' | 'float32';
  wanted: Wanted[];
  valuesPerRun: number;
  out: Float32Array;
}): Promise<void> {
  const itemBytes = dtype === 'float16' ? 2 : 4;
  const runBytes = valuesPerRun * itemBytes;
  const reads = groupRuns(wanted, runBytes);
  let next = 0;
  const work = async () => {
    while (next < reads.length) {
      const runs = reads[next++];
      const [first, last] = [runs[0], runs[runs.length - 1]];
      if (dtype === 'float32' && runs.length === 1) {
        // One run alone goes straight to its place.
        await readFully(handle, new Uint8Array(out.buffer, out.byteOffset + first.to * 4, runBytes), first.byte, file);
        continue;
      }
      const bytes = new Uint8Array(last.byte + runBytes - first.byte);
      await readFully(handle, bytes, first.byte, file);
      for (const { byte, to } of runs) {
        const target = out.subarray(to, to + valuesPerRun);
        if (dtype === 'float32') target.set(new Float32Array(bytes.buffer, byte - first.byte, valuesPerRun));
        else target.set(decodeFloat16(new Uint16Array(bytes.buffer, byte - first.byte, valuesPerRun)));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_READS_AT_ONCE, reads.length) }, work));
}

function groupRuns(wanted: Wanted[], runBytes: number): Wanted[][] {
  const sorted = [...wanted].sort((a, b) => a.byte - b.byte);
  const reads: Wanted[][] = [];
  for (const run of sorted) {
    const current = reads.at(-1);
    const isNear = current !== undefined && run.byte <= current[current.length - 1].byte + runBytes + MAX_GAP_BYTES;
    if (isNear && run.byte + runBytes - current[0].byte <= MAX_READ_BYTES) current.push(run);
    else reads.push([run]);
  }
  return reads;
}
