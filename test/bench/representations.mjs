#!/usr/bin/env node
// What the representations are worth, in one table: the encoder that ships (or --model) on ESC-10 and on labelled folders of one's own, the
// recipe for small collections from random weights on ESC-10's five folds, and the minutes to an accuracy against PyTorch where that was run.
//
//     npm run build && node test/bench/representations.mjs --out runs/representations --held-out FOLDER
//
//     --model free-sounds             or a run or .safetensors file; --checkpoint best | last | whitened where it is a run
//     --held-out FOLDER               recordings with labels that no choice was made by (repeatable)
//     --time-to-accuracy FOLDER       the --out of test/bench/timeToAccuracy.mjs, whose last line is repeated
//     --python VENV/bin/python        with it that benchmark is run, two hours on an idle machine
//     --skip-training                 leaves out the five trainings, of three processor minutes each
//
// Every number comes from a command of audiossl, which is printed as it starts; what --out holds already is not done again. Processor time: 20
// minutes, with the benchmark of minutes two hours more.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const inRepository = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'runs/representations' },
    model: { type: 'string', default: inRepository('models/free-sounds.safetensors') },
    checkpoint: { type: 'string', default: 'best' },
    'held-out': { type: 'string', multiple: true, default: [] },
    'time-to-accuracy': { type: 'string' },
    python: { type: 'string' },
    'skip-training': { type: 'boolean', default: false },
  },
});
const esc10 = inRepository('data/esc10');
mkdirSync(options.out, { recursive: true });

/** Runs a command to its end, its progress shown; returns what it printed. */
function run(command, args) {
  console.error(`$ ${[command === process.execPath ? 'node' : command, ...args].join(' ')}`);
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`${args.slice(0, 2).join(' ')} ended with ${result.status ?? result.signal}`);
  return result.stdout;
}
const audiossl = (...args) => run(process.execPath, [inRepository('dist/cli/main.js'), ...args]);

/** Rows of `audiossl transfer`: the encoder, beside random weights and log-mel statistics. */
function transferRows() {
  const kept = join(options.out, 'transfer.json');
  const data = [esc10, ...options['held-out']];
  const asked = JSON.stringify({ model: options.model, checkpoint: options.checkpoint, data });
  const before = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : undefined;
  let records = before?.asked === asked ? before.records : undefined;
  if (records === undefined) {
    const models = ['--model', options.model, '--checkpoint', options.checkpoint];
    records = JSON.parse(
      audiossl('transfer', ...models, ...data.flatMap((dir) => ['--data', dir]), '--out', join(options.out, 'transfer'), '--json'),
    );
    writeFileSync(kept, JSON.stringify({ asked, records }));
  }
  return records.flatMap((record, i) =>
    ['linear', 'neighbours'].map((protocol) => {
      const result = (kind) => record.systems.find((system) => system.kind === kind).results.find((each) => each.protocol === protocol);
      const text = (kind) => {
        const { estimate, low, high } = result(kind).micro;
        return `${percent(estimate)} (${percent(low)} – ${percent(high)})`;
      };
      const goals = i === 0 ? { linear: [89, 93], neighbours: [84, 90] } : { linear: [66, 72], neighbours: [54, 62] };
      return {
        what: `${record.data.name}, never seen, ${protocol}`,
        ours: text('encoder'),
        beside: `random weights ${text('randomWeights')}, log-mel statistics ${text('logMel')}`,
        goal: goals[protocol],
      };
    }),
  );
}

/** Rows of the sweep of five folds: all recordings together. */
function recipeRows() {
  const out = join(options.out, 'esc10-recipe');
  audiossl('sweep', inRepository('configs/sweeps/esc10-recipe.yaml'), '--data', esc10, '--out', out, '--jobs', '2');
  const [header, ...lines] = readFileSync(join(out, 'table.csv'), 'utf8').trim().split(/\r?\n/).map((line) => line.split(','));
  const column = (name) => header.indexOf(name);
  return ['linear', 'knn'].map((protocol) => {
    const rows = lines.filter((line) => line[column('protocol')] === protocol);
    const total = (weigh) => rows.reduce((sum, row) => sum + weigh(row), 0);
    const numClips = total((row) => Number(row[column('numClips')]));
    const correct = total((row) => Number(row[column('numClips')]) * Number(row[column('clipMicroAccuracy')]));
    return {
      what: `ESC-10, trained on its own folds from random weights, ${protocol === 'knn' ? 'neighbours' : protocol}`,
      ours: `${percent(correct / numClips)} (${Math.round(correct)} of ${numClips})`,
      beside: `${(total((row) => Number(row[column('trainingSeconds')])) / 60 / rows.length).toFixed(1)} minutes of training a fold`,
      goal: protocol === 'knn' ? [77, 82] : [85, 88],
    };
  });
}

function minutesRow() {
  const out = options['time-to-accuracy'] ?? join(options.out, 'timeToAccuracy');
  if (options.python === undefined && !existsSync(join(out, 'log.jsonl'))) return [];
  const python = options.python === undefined ? [] : ['--python', options.python];
  const text = run(process.execPath, [inRepository('test/bench/timeToAccuracy.mjs'), '--out', out, ...python]);
  return [{ what: 'minutes to 85 % on fold 5', ours: text.trim().split('\n').at(-1), beside: '', goal: ['1/4', '1/10'] }];
}

const percent = (share) => (100 * share).toFixed(1);
const rows = [...transferRows(), ...(options['skip-training'] ? [] : recipeRows()), ...minutesRow()];
const table = [
  '| | measured, % (95 % interval) | bar | aim | beside it |',
  '|---|---|---|---|---|',
  ...rows.map(({ what, ours, beside, goal }) => `| ${what} | ${ours} | ${goal[0]} | ${goal[1]} | ${beside} |`),
].join('\n');
writeFileSync(join(options.out, 'table.md'), `${table}\n`);
console.log(table);
