import { cpus } from 'node:os';

/** What a mode and instruction set is to reach: ratios to the best peer. Memory is that of the peer that trains fastest. */
const goals = {
  'fp32 avx2': { train: '>= 1.4, aim 1.7', embed: '>= 1.4, aim 1.8', memory: '<= 0.85' },
  'fp32 avx512': { train: '>= 1.3, aim 1.6', embed: '>= 1.3', memory: '<= 0.85' },
  'bf16 avx512': { train: '>= 1.3', embed: '>= 1.3', memory: '<= 0.85' },
};

const keys = { train: 'trainPatchesPerSecond', embed: 'embedPatchesPerSecond', memory: 'peakRssMiB' };
const isOurs = ({ peer }) => peer.startsWith('audiossl');

function spread(records, key) {
  const values = records.map((record) => record[key]).sort((a, b) => a - b);
  const median = values[values.length >> 1];
  return { median, text: values.length > 1 ? `${median} (${values[0]} - ${values.at(-1)})` : String(median) };
}

/** One side of one comparison: median and range of each figure over its rounds. */
function summarise([peer, records]) {
  const [{ oneDnn, simd, threads }] = records;
  const figures = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, spread(records, key)]));
  return { peer, rounds: records.length, oneDnn, simd, threads, ...figures };
}

/** Map.groupBy, which Node.js 20 lacks. */
function groupBy(records, nameOf) {
  const groups = new Map();
  for (const record of records) groups.set(nameOf(record), [...(groups.get(nameOf(record)) ?? []), record]);
  return groups;
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(rows[0]), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.slice(1).map(line)].join('\n');
}

function compareOne(mode, isa, records) {
  const sides = [...groupBy(records, ({ peer }) => peer)].map(summarise);
  const rows = sides.map(({ peer, train, embed, memory, oneDnn, simd, rounds }) => {
    const note = [oneDnn && !peer.includes('oneDNN') ? `oneDNN ${oneDnn}` : '', simd ?? ''].filter(Boolean).join(', ');
    return [peer, train.text, embed.text, memory.text, note, String(rounds)];
  });
  const peers = sides.filter((side) => !isOurs(side));
  const goal = goals[`${mode} ${isa}`] ?? {};
  const ratios = sides.filter(isOurs).flatMap(({ peer, ...us }) => {
    if (peers.length === 0) return [];
    const best = (name) => peers.toSorted((a, b) => b[name].median - a[name].median)[0];
    return ['train', 'embed', 'memory'].map((name) => {
      const against = best(name === 'memory' ? 'train' : name);
      const what = { train: 'training', embed: 'embedding', memory: 'peak memory' }[name];
      return [`${mode}, ${isa}: ${what}`, peer, `${(us[name].median / against[name].median).toFixed(2)} x`, against.peer, goal[name] ?? '-'];
    });
  });
  const heading = `${mode}, ${isa}, ${sides[0].threads} threads, ${cpus()[0]?.model ?? 'unknown processor'}; medians (and ranges) of the rounds`;
  const columns = ['', 'training, patches/s', 'embedding, patches/s', 'peak MiB', 'computes with', 'rounds'];
  return { text: `\n${heading}\n\n${table([columns, ...rows])}`, ratios };
}

/** Tables of all records: one a mode and instruction set, then every ratio to the best peer beside what was to be reached. */
export function describeResults(records) {
  const groups = groupBy(records, ({ mode, isa }) => `${mode} ${isa}`);
  const parts = [...groups].map(([name, group]) => compareOne(...name.split(' '), group));
  const ratios = parts.flatMap((part) => part.ratios);
  const end = ratios.length === 0 ? '' : `\n\n${table([['figure', 'of', 'ratio', 'to the best peer', 'to reach'], ...ratios])}`;
  return parts.map(({ text }) => text).join('\n') + end;
}
