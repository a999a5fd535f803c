/**
 * The k largest of many values, found in one pass with a heap whose root is the worst kept value: nearly every value fails one comparison.
 * Among equal values the one with the lower index is kept, so the result does not depend on the order of work of a backend.
 */
export class TopK {
  private readonly values: Float32Array;
  private readonly places: Uint32Array;
  size = 0;

  constructor(readonly k: number) {
    this.values = new Float32Array(k);
    this.places = new Uint32Array(k);
  }

  clear(): void {
    this.size = 0;
  }

  /** Indices of the kept values, in no order. Valid until the next `addRow` or `clear`. */
  indices(): Uint32Array {
    return this.places.subarray(0, this.size);
  }

  /** The kept values, in the order of `indices()`. Valid as long as they. */
  kept(): Float32Array {
    return this.values.subarray(0, this.size);
  }

  /**
   * Offers `values[offset + i]` under the index first + i, for i = 0 .. count - 1 in this order, except where `isLeftOut` says so of the
   * index. A row may come in parts, those with lower indices first.
   */
  addRow(values: Float32Array, offset: number, count: number, isLeftOut?: (index: number) => boolean, first = 0): void {
    for (let i = 0; i < count; i++) {
      const value = values[offset + i];
      if (this.size === this.k && value <= this.values[0]) continue;
      const index = first + i;
      if (isLeftOut?.(index)) continue;
      if (this.size < this.k) this.rise(this.size++, value, index);
      else this.sink(value, index);
    }
  }

  /** Whether the value at `place` is worse than another: lower, or as low and later. */
  private isWorse(place: number, value: number, index: number): boolean {
    return this.values[place] < value || (this.values[place] === value && this.places[place] > index);
  }

  private rise(from: number, value: number, index: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.isWorse(parent, value, index)) break;
      this.values[place] = this.values[parent];
      this.places[place] = this.places[parent];
      place = parent;
    }
    this.values[place] = value;
    this.places[place] = index;
  }

  private sink(value: number, index: number): void {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.isWorse(child + 1, this.values[child], this.places[child])) child++;
      if (!this.isWorse(child, value, index)) break;
      this.values[place] = this.values[child];
      this.places[place] = this.places[child];
      place = child;
    }
    this.values[place] = value;
    this.places[place] = index;
  }
}
