/** Embeddings on disk: ids and times in memory, rows read when asked for. */
export interface EmbeddingTable {
  dim: number;
  /** Recording of each row. */
  ids: readonly string[];
  /** Milliseconds of each row. */
  timestamps: Float64Array;
  /** [count, dim] values from row `first` on. */
  readRows(first: number, count: number): Promise<Float32Array>;
}

/** Tables of one width, one behind the other. */
export function joinTables(tables: readonly EmbeddingTable[]): EmbeddingTable {
  const dim = (tables.find(({ ids }) => ids.length > 0) ?? tables[0])?.dim ?? 0;
  const timestamps = new Float64Array(tables.reduce((sum, { ids }) => sum + ids.length, 0));
  let at = 0;
  for (const table of tables) {
    timestamps.set(table.timestamps, at);
    at += table.ids.length;
  }
  return {
    dim,
    ids: tables.flatMap(({ ids }) => ids),
    timestamps,
    async readRows(first, count) {
      const out = new Float32Array(count * dim);
      let offset = 0;
      for (const { ids, readRows } of tables) {
        const from = Math.max(first, offset);
        const to = Math.min(first + count, offset + ids.length);
        if (from < to) out.set(await readRows(from - offset, to - from), (from - first) * dim);
        offset += ids.length;
      }
      return out;
    },
  };
}
