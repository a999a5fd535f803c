/** A stretch of a clip: the samples start .. start + samples.length of its `total`; Infinity = the end is not known yet. */
export interface ClipPart {
  samples: Float32Array;
  start: number;
  total: number;
}

/** A clip that is there as a whole. */
export function wholeClip(samples: Float32Array): ClipPart {
  return { samples, start: 0, total: samples.length };
}

/**
 * The last stretch of a clip that comes block by block. What lies before `keepFrom` is given up at the next block; memory is bounded by
 * what is kept and one block.
 */
export class ClipTail {
  private samples = new Float32Array(0);
  private start = 0;

  /** Samples that came so far. */
  get received(): number {
    return this.start + this.samples.length;
  }

  push(block: Float32Array, keepFrom: number): void {
    const kept = this.samples.subarray(Math.min(this.samples.length, Math.max(0, keepFrom - this.start)));
    const start = this.received - kept.length;
    const joined = new Float32Array(kept.length + block.length);
    joined.set(kept);
    joined.set(block, kept.length);
    this.samples = joined;
    this.start = start;
  }

  /** The stretch, of a clip that has ended or not. */
  part(isEnded: boolean): ClipPart {
    return { samples: this.samples, start: this.start, total: isEnded ? this.received : Number.POSITIVE_INFINITY };
  }
}
