#!/usr/bin/env node
// Time to accuracy: how long pre-training takes until a linear classifier on the frozen encoder is right on so many of the recordings of
// ESC-10's fold 5, ours by a config of the project, the peer's by the paper authors' released setting in PyTorch (timeToAccuracy/authors.py).
//
//     npm run build && node test/bench/timeToAccuracy.mjs --python VENV/bin/python --out runs/timeToAccuracy
//
// Both sides train without labels on the clips of the other folds, from the same features, and are looked at after the same numbers of
// patches. A look: logistic regression (as `audiossl transfer`: standardised clip means, C 0.1) on the labels of those folds, judged on
// fold 5; the first one is before any training. A side is done at the first look at which the mean of its seeds is --target, or at
// --limit-minutes of training a seed, or when its schedule ends. Only training counts as time: making views, steps, updates. One process at
// a time, the sides by turns.
//
//     --target 85 --seeds 3 --limit-minutes 40 --threads N
//     --look-epochs 10                between looks; an epoch is two patches a clip, 636 for ESC-10
//     --config timeToAccuracy/ours.yaml --shrinkage 0.5     ours; `--shrinkage none` leaves out the whitening (by the clips trained on)
//     --variant best                  the peer: eager, channels-last, compile (of it), or the quickest of the three by a trial of some epochs
//     --sides ours --sides authors    default both
//     --data data/esc10 --fold 5
//
// Everything goes into --out, a line a look into its log.jsonl: the same command goes on where it was stopped. Needs an idle machine.
// All of it takes seeds x (minutes of ours + of the peer): with the defaults two hours at most, a few minutes with a low --target.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tuned } from './step/peers.mjs';

const inRepository = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const src = (path) => import(new URL(`../../dist/${path}.js`, import.meta.url).href);
const variants = ['eager', 'channels-last', 'compile'];
const string = (value) => ({ type: 'string', default: value });
const { values: options } = parseArgs({
  options: {
    ...{ target: string('85'), seeds: string('3'), 'limit-minutes': string('40'), 'look-epochs': string('10') },
    ...{ threads: string(String(availableParallelism())), config: string(inRepository('test/bench/timeToAccuracy/ours.yaml')), shrinkage: string('0.5') },
    ...{ variant: string('best'), python: string(process.env.PEER_PYTHON ?? 'python3'), fold: string('5') },
    ...{ data: string(inRepository('data/esc10')), out: string('runs/timeToAccuracy') },
    sides: { type: 'string', multiple: true, default: ['ours', 'authors'] },
  },
});
const [target, numSeeds, limitMinutes, lookEpochs] = ['target', 'seeds', 'limit-minutes', 'look-epochs'].map((name) => {
  const value = Number(options[name]);
  if (!(value > 0)) throw new Error(`--${name} must be a positive number, got ${options[name]}`);
  return value;
});
if (!Number.isInteger(numSeeds) || !Number.isInteger(lookEpochs)) throw new Error('--seeds and --look-epochs must be whole numbers');
if (options.variant !== 'best' && !variants.includes(options.variant)) throw new Error(`--variant must be best or ${variants.join(', ')}`);

const store = join(options.out, 'features');
const log = join(options.out, 'log.jsonl');
mkdirSync(options.out, { recursive: true });

/** Runs a program; the JSON of the last line that it prints. */
function run(command, args, env = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 26 });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${result.stderr}${result.stdout}`);
  return result.stdout.trim().split('\n').at(-1);
}

const records = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)) : [];
function write(record) {
  records.push(record);
  appendFileSync(log, `${JSON.stringify(record)}\n`);
  console.log(JSON.stringify(record));
}

/** What the numbers of one log have in common. */
function checkSetting() {
  const { look, threads, config, shrinkage, fold } = { look: lookEpochs, ...options };
  const setting = { kind: 'setting', lookEpochs: look, threads: Number(threads), config: readFileSync(config, 'utf8'), shrinkage, fold };
  const before = records.find(({ kind }) => kind === 'setting');
  if (before === undefined) write(setting);
  else if (JSON.stringify(before) !== JSON.stringify(setting)) throw new Error(`${log} is of another setting; take another --out`);
}

/** Linear accuracy in % of embeddings `[clips, dim]` in the order of the store. */
async function createJudge() {
  const [{ setBackend }, { FeatureStore }, { predictLinear }, { readNpy }] = await Promise.all(
    ['backend/setBackend', 'data/FeatureStore', 'eval/transfer/transferProtocols', 'util/npy'].map(src),
  );
  await setBackend({ backend: 'libtorch', threads: Number(options.threads) });
  const opened = await FeatureStore.open(store);
  await opened.close();
  const { clips, classNames } = opened;
  const isTest = clips.map((clip) => clip.fold === options.fold);
  const parts = {
    labels: clips.map((clip) => classNames.indexOf(clip.label)),
    groups: clips.map((clip) => clip.group ?? clip.id),
    ...{ classNames, folds: [options.fold], foldOf: Uint32Array.from(isTest, (test) => Number(!test)) },
  };
  const judge = async (file) => {
    const { data, shape } = await readNpy(file);
    const predicted = await predictLinear({ values: data, dim: shape[1] }, parts);
    return (100 * clips.filter((_, i) => isTest[i] && predicted[i] === parts.labels[i]).length) / isTest.filter(Boolean).length;
  };
  return { judge, numTrain: isTest.filter((test) => !test).length };
}

const authorsScript = fileURLToPath(new URL('./timeToAccuracy/authors.py', import.meta.url));
const common = ['--store', store, '--fold', options.fold, '--threads', options.threads];

/** Of the peer's ways to compute the one that was asked for, or the quickest. */
function chooseVariant() {
  if (options.variant !== 'best') return options.variant;
  for (const variant of variants) {
    if (records.some((record) => record.kind === 'variant' && record.variant === variant)) continue;
    const args = [authorsScript, ...common, '--variant', variant, '--time-epochs', '3'];
    write({ kind: 'variant', variant, ...JSON.parse(run(options.python, args, tuned)) });
  }
  const timed = records.filter(({ kind }) => kind === 'variant');
  return timed.toSorted((a, b) => a.secondsPerEpoch - b.secondsPerEpoch)[0].variant;
}

/** Trains one seed of one side until an epoch; the record without its accuracy. */
function advance(side, seed, epoch, variant) {
  const place = join(options.out, `${side}-seed${seed}`);
  const embeddings = `${place}.npy`;
  const args = [...common, '--seed', String(seed), '--until-epoch', String(epoch), '--embeddings', embeddings];
  const printed =
    side === 'ours'
      ? run(process.execPath, [
          fileURLToPath(new URL('./timeToAccuracy/ours.mjs', import.meta.url)),
          ...[...args, '--run', place, '--config', options.config, '--shrinkage', options.shrinkage],
        ])
      : run(options.python, [authorsScript, ...args, '--variant', variant, '--state', `${place}.pt`], tuned);
  const record = JSON.parse(printed);
  if (record.threads !== Number(options.threads)) throw new Error(`${side} computed with ${record.threads} threads, not ${options.threads}`);
  if (record.epoch !== epoch) throw new Error(`${place} is at epoch ${record.epoch}, not ${epoch}; take another --out`);
  return { record, embeddings };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function compare() {
  checkSetting();
  if (!existsSync(store)) run(process.execPath, [inRepository('dist/cli/main.js'), 'features', '--data', options.data, '--out', store, '--json']);
  const { judge, numTrain } = await createJudge();
  const { loadConfig } = await src('config/loadConfig');
  const variant = options.sides.includes('authors') ? chooseVariant() : undefined;
  const lengths = { ours: loadConfig({ file: options.config, overrides: [], command: 'pretrain' }).train.epochs, authors: 500 };
  const ends = new Map();
  const first = new Map();
  for (let look = 0; ends.size < options.sides.length; look++) {
    for (const side of options.sides) {
      if (ends.has(side)) continue;
      const epoch = Math.min(look * lookEpochs, lengths[side]);
      const looks = [];
      for (let seed = 0; seed < numSeeds; seed++) {
        const isIt = (record) => record.kind === 'look' && record.side === side && record.seed === seed && record.epoch === epoch;
        if (!records.some(isIt)) {
          const { record, embeddings } = advance(side, seed, epoch, variant);
          const accuracy = Number((await judge(embeddings)).toFixed(2));
          write({ kind: 'look', side, seed, ...record, patches: 2 * numTrain * epoch, accuracy });
        }
        looks.push(records.find(isIt));
      }
      const accuracy = mean(looks.map((record) => record.accuracy));
      if (look === 0) first.set(side, accuracy);
      const minutes = looks.map((record) => record.seconds / 60);
      if (accuracy >= target || mean(minutes) >= limitMinutes || epoch >= lengths[side])
        ends.set(side, { side, reached: accuracy >= target, accuracy, epoch, patches: looks[0].patches, minutes, looks, untrained: first.get(side) });
    }
  }
  return { ends: [...ends.values()], variant };
}

function describe({ ends, variant }) {
  const names = { ours: 'audiossl', authors: `the authors' setting, PyTorch (${variant})` };
  const lines = ends.map(({ side, reached, accuracy, epoch, patches, minutes, looks, untrained }) => {
    const range = `${Math.min(...minutes).toFixed(2)} to ${Math.max(...minutes).toFixed(2)}`;
    const each = looks.map((record) => record.accuracy.toFixed(1)).join(', ');
    return `${names[side]}: ${accuracy.toFixed(1)} % (${each}) ${reached ? 'after' : 'and no more after'} ${mean(minutes).toFixed(2)} minutes (${range}), ${patches} patches, ${epoch} epochs; before training ${untrained.toFixed(1)} %`;
  });
  const [ours, authors] = ['ours', 'authors'].map((side) => ends.find((end) => end.side === side));
  const share = ours?.reached && authors ? mean(ours.minutes) / mean(authors.minutes) : undefined;
  const told = share === undefined ? [] : [`audiossl needs ${authors.reached ? '' : 'less than '}${share.toFixed(2)} of the peer's time`];
  return [`Target: ${target} % on fold ${options.fold}, mean of ${numSeeds} seeds, ${options.threads} threads`, ...lines, ...told].join('\n');
}

console.log(describe(await compare()));
