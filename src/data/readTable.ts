import { open, readFile } from 'node:fs/promises';
import type { CsvTable } from '../util/csv.js';
import { decodeUtf8 } from '../util/decodeUtf8.js';
import { AudiosslError, errorText } from '../util/errors.js';
import { csvParser } from '../util/onDemand.js';

/** Bytes of a table that are enough to know its columns by. */
const HEAD_BYTES = 65_536;

/** The first row of a table, trimmed; enough to say what it is. Throws AudiosslError for bytes that are no text. */
export async function readTableHead(path: string): Promise<string[]> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const text = decodeText(buffer.subarray(0, bytesRead), path, true);
    const { delimiter, body } = detectDelimiter(text);
    return splitLine(firstLine(body), delimiter).map(clean);
  } finally {
    await handle.close();
  }
}

/**
 * A table as spreadsheets and other programs write it: commas, semicolons, tabs or bars between the fields, UTF-8 or UTF-16. Fields are
 * trimmed, empty rows and empty columns without a name are dropped. `columns` are the names of a file without a header row.
 * Throws AudiosslError naming file and line for what cannot be read without guessing.
 */
export async function readTable(path: string, { columns: given }: { columns?: readonly string[] } = {}): Promise<CsvTable> {
  const { delimiter, body, skippedLines } = detectDelimiter(decodeText(await readFile(path), path));
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = csvParser().parse(body, {
      delimiter,
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      // Tables with tabs rarely quote; a quotation mark inside a field is then a character like any other.
      relax_quotes: delimiter === '\t',
    }) as unknown as typeof records;
  } catch (error) {
    throw new AudiosslError(`csv: ${path}: ${errorText(error)}`, { cause: error });
  }
  const lines = records
    .map(({ record, info }) => ({ fields: record.map(clean), line: info.lines + skippedLines }))
    .filter(({ fields }) => fields.some((field) => field !== ''));
  const head = given ?? lines.shift()?.fields;
  if (head === undefined) throw new AudiosslError(`csv: ${path}: a header row is needed, got an empty file`);
  const width = given === undefined ? head.length : Math.max(...lines.map(({ fields }) => fields.length));
  const names = Array.from({ length: width }, (_, i) => head[i] ?? '');
  const repeated = names.find((name, i) => name !== '' && names.indexOf(name) !== i);
  if (repeated !== undefined) throw new AudiosslError(`csv: ${path}: column names must differ, got "${repeated}" twice`);
  const kept = names.flatMap((name, i) => {
    const isUsed = name !== '' || lines.some(({ fields }) => (fields[i] ?? '') !== '');
    return isUsed ? [{ name: name === '' ? `(column ${i + 1})` : name, i }] : [];
  });
  const rows = lines.map(({ fields, line }) => {
    const isTooLong = fields.slice(names.length).some((field) => field !== '');
    if (
      isTooLong ||
      (given === undefined && fields.length < names.length && kept.some(({ name, i }) => i >= fields.length && !isNameless(name)))
    ) {
      throw new AudiosslError(
        `csv: ${path}: line ${line} must have ${names.length} fields as the header has, got ${fields.length}; is a quotation mark missing?`,
      );
    }
    return Object.fromEntries(kept.map(({ name, i }) => [name, fields[i] ?? '']));
  });
  return { columns: kept.map(({ name }) => name), rows };
}

/** A column that has values and no name, as pandas writes its row numbers. */
export function isNameless(column: string): boolean {
  return column.startsWith('(column ');
}

function clean(field: string): string {
  return field.replaceAll('\u200b', '').trim();
}

/** UTF-8, or UTF-16 by its byte-order mark or by the zero bytes that Latin letters leave. A head may end inside a character. */
function decodeText(bytes: Uint8Array, path: string, isHead = false): string {
  const encoding = encodingOf(bytes);
  if (encoding === 'utf-8' && !isHead) return decodeUtf8(bytes, `csv: ${path}`);
  return new TextDecoder(encoding).decode(bytes, { stream: isHead });
}

function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const end = Math.min(bytes.length, 1024) & ~1;
  let [even, odd] = [0, 0];
  for (let i = 0; i < end; i += 2) {
    if (bytes[i] === 0) even++;
    if (bytes[i + 1] === 0) odd++;
  }
  if (odd > end / 4 && even === 0) return 'utf-16le';
  return even > end / 4 && odd === 0 ? 'utf-16be' : 'utf-8';
}

const delimiters = [',', ';', '\t', '|'];

/** The character that splits the first line into most fields; Excel's own first line `sep=;` says it outright. */
function detectDelimiter(text: string): { delimiter: string; body: string; skippedLines: number } {
  const told = /^\s*"?sep=(.)"?\s*\r?\n/i.exec(text);
  if (told !== null) return { delimiter: told[1], body: text.slice(told[0].length), skippedLines: 1 };
  const line = firstLine(text);
  const counts = delimiters.map((delimiter) => splitLine(line, delimiter).length);
  return { delimiter: delimiters[counts.indexOf(Math.max(...counts))], body: text, skippedLines: 0 };
}

function firstLine(text: string): string {
  return text.split(/\r\n|\r|\n/).find((line) => line.trim() !== '') ?? '';
}

/** Fields of one line; delimiters inside quotes do not split. */
function splitLine(line: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (const character of line) {
    if (character === '"') isQuoted = !isQuoted;
    else if (character === delimiter && !isQuoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  fields.push(field);
  return fields;
}
