import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { writeFileAtomicWith } from '../util/atomicFile.js';

const ROWS_PER_GROUP = 1000;

/** Writes clip (text), timestamp (double, ms) and embedding (list of float) atomically, a row group at a time; `meta` under the key `audiossl`. */
export async function writeParquetEmbeddings(
  path: string,
  {
    ids,
    timestamps,
    dim,
    meta,
    readRows,
  }: {
    ids: readonly string[];
    timestamps: Float64Array;
    dim: number;
    meta: string;
    /** [count, dim] values from row `first` on. */
    readRows: (first: number, count: number) => Promise<Float32Array>;
  },
): Promise<void> {
  await writeFileAtomicWith(path, async (handle) => {
    const writer = new ByteWriter();
    // Places in the file are counted by `offset`; the buffer itself is emptied after each group.
    const flush = async (): Promise<void> => {
      const bytes = new Uint8Array(writer.buffer, 0, writer.index).slice();
      writer.index = 0;
      await handle.writeFile(bytes);
    };
    const parquet = new ParquetWriter({
      writer,
      codec: 'UNCOMPRESSED',
      schema: [
        { name: 'root', num_children: 3 },
        { name: 'clip', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        { name: 'timestamp', type: 'DOUBLE', repetition_type: 'REQUIRED' },
        { name: 'embedding', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
      ],
      kvMetadata: [{ key: 'audiossl', value: meta }],
      createdBy: 'audiossl',
    });
    for (let first = 0; first < ids.length; first += ROWS_PER_GROUP) {
      const count = Math.min(ROWS_PER_GROUP, ids.length - first);
      const values = await readRows(first, count);
      const rows = Array.from({ length: count }, (_, i) => Array.from(values.subarray(i * dim, (i + 1) * dim)));
      await parquet.write({
        columnData: [
          { name: 'clip', data: ids.slice(first, first + count) },
          { name: 'timestamp', data: Array.from(timestamps.subarray(first, first + count)) },
          { name: 'embedding', data: rows },
        ],
        rowGroupSize: ROWS_PER_GROUP,
      });
      await flush();
    }
    await parquet.finish();
    await flush();
  });
}
