/**
 * What the losses of pairs cost, beside pytorch-metric-learning on the same threads. Prints JSON lines, asserts nothing.
 *
 *     npm run build && PEER_PYTHON=/path/to/python node test/bench/losses.mjs [--threads 2] [--rounds 3] [--only step|supCon|tcl|triplet] [--rows 1024]
 *
 * step: value and gradient of each loss at 128 pairs of 512 values, and what the online probe of 50 classes takes of their embeddings, as a
 * share of a ResNet-18 step of 128 pairs of 101 x 96; likewise a memory bank's part of a step of 128 views.
 * supCon, tcl: 4,096 rows of 512, 64 classes; triplet: semi-hard, 2,048 rows of 512, 64 classes. Each round runs one process of audiossl and
 * one of the peer (tcl has none there and stands beside its SupConLoss); time, by the clock and of the processor (with --threads 1 that
 * one holds on a busy machine too), is the least of three calls after one, memory the growth
 * of the process's peak over what it was before the first call. The peer's triplets take 13 GB and minutes at 2,048 rows, and grow with
 * the cube of the rows: --rows 1024 takes an eighth. PEER_PYTHON needs torch and pytorch-metric-learning.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    rows: { type: 'string' },
    child: { type: 'string' },
  },
});
const self = fileURLToPath(import.meta.url);
const sizes = { supCon: 4096, tcl: 4096, triplet: 2048 };
const rowsOf = (name) => Number(flags.rows ?? sizes[name]);
const [dim, numClasses] = [512, 64];
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

if (flags.child === 'step') await stepChild();
else if (flags.child !== undefined) await lossChild(flags.child);
else parent();

function parent() {
  const names = ['step', ...Object.keys(sizes)].filter((name) => flags.only === undefined || name === flags.only);
  for (const name of names) {
    if (name === 'step') {
      process.stdout.write(run(process.execPath, [self, '--child', name, '--threads', flags.threads]));
      continue;
    }
    const rounds = Array.from({ length: Number(flags.rounds) }, () => {
      const args = ['--child', name, '--threads', flags.threads, '--rows', String(rowsOf(name))];
      const own = JSON.parse(run(process.execPath, [self, ...args]));
      const peer = process.env.PEER_PYTHON
        ? JSON.parse(run(process.env.PEER_PYTHON, [self.replace('losses.mjs', 'peerLosses.py'), name, flags.threads, String(rowsOf(name))]))
        : undefined;
      console.log(JSON.stringify({ name, own, peer }));
      return { own, peer };
    });
    const ofRounds = (side, key) => median(rounds.map((round) => round[side]?.[key]).filter((time) => time !== undefined));
    const [own, peer, ownCpu, peerCpu] = ['seconds', 'cpuSeconds'].flatMap((key) => [ofRounds('own', key), ofRounds('peer', key)]);
    console.log(JSON.stringify({ name, rows: rowsOf(name), threads: flags.threads, ownSeconds: own, peerSeconds: peer, ratio: own / peer, cpuRatio: ownCpu / peerCpu }));
  }
}

function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: flags.threads } });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function start() {
  const tf = await import('@tensorflow/tfjs-core');
  const audiossl = await import('../../dist/index.js');
  await audiossl.setBackend({ backend: 'libtorch', threads: Number(flags.threads) });
  return { tf, audiossl };
}

/** Least seconds, by the clock and of processor time, of `calls` runs after one that warms up. */
function quickest(calls, work) {
  work();
  const times = Array.from({ length: calls }, () => timesOf(work));
  return { seconds: Math.min(...times.map(([clock]) => clock)), cpuSeconds: Math.min(...times.map(([, cpu]) => cpu)) };
}

function timesOf(work) {
  const [from, usage] = [process.hrtime.bigint(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(usage);
  return [Number(process.hrtime.bigint() - from) / 1e9, (user + system) / 1e6];
}

async function lossChild(name) {
  const { tf, audiossl } = await start();
  const rows = rowsOf(name);
  const x = tf.randomNormal([rows, dim], 0, 1, 'float32', 1);
  const labels = tf.tensor1d(Int32Array.from({ length: rows }, (_, i) => i % numClasses), 'int32'); // biome-ignore format: one line
  const loss = {
    supCon: (z) => audiossl.supConLoss(z, labels),
    tcl: (z) => audiossl.tclLoss(z, labels),
    triplet: (z) => audiossl.tripletMarginLoss(z, labels, { distance: 'euclidean', mining: 'semiHard' }),
  }[name];
  tf.tidy(() => audiossl.supConLoss(tf.randomNormal([8, 4]), tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], 'int32')).dataSync());
  const before = process.resourceUsage().maxRSS;
  let value = 0;
  const times = quickest(3, () =>
    tf.tidy(() => {
      const { value: scalar, grad } = tf.valueAndGrad(loss)(x);
      value = scalar.dataSync()[0];
      grad.dataSync();
    }),
  );
  console.log(JSON.stringify({ ...times, megabytes: Math.round((process.resourceUsage().maxRSS - before) / 1024), value }));
}

async function stepChild() {
  const { tf, audiossl } = await start();
  const { simclr } = await import('../../dist/method/simclr.js');
  const encoder = audiossl.createEncoder({ name: 'resnet18' });
  const encoderParameters = encoder.createParameters({ seed: 1 });
  const head = audiossl.projectionHead({ inputSize: encoder.embeddingSize });
  const headParameters = head.createParameters({ seed: 1 });
  const ntXent = { name: 'ntXent', temperature: 0.2, marginOn: 'embedding', marginRadians: 0.5, reduction: 'mean', positiveWeight: 10, negativeWeight: 2600, contrastiveWeight: 1, divisor: 25 }; // biome-ignore format: one line
  const method = simclr({ encoder, encoderParameters, head, headParameters, loss: ntXent });
  const views = tf.randomNormal([256, 101, 96], 0, 1, 'float32', 1);
  const step = quickest(3, () => tf.dispose([...method.step(views).gradients.values()]));
  const z = tf.randomNormal([256, 512], 0, 1, 'float32', 2);
  const shaped = { m1: 0.3, m2: 0.2, s: 2, c: 0.7, attenuation: 'I' };
  for (const [name, loss] of Object.entries(audiossl.contrastiveLosses)) {
    for (const extra of name === 'infoNce' ? [{}, shaped] : name === 'tripletMargin' ? [{}, { mining: 'all' }] : [{}]) {
      const options = loss.options.parse({ name, ...extra });
      const time = quickest(20, () =>
        tf.tidy(() => {
          const { grad } = tf.valueAndGrad((rows) => loss.compute(audiossl.viewPairs(tf.split(rows, 2)), options))(z);
          grad.dataSync();
        }),
      );
      console.log(JSON.stringify({ name, ...extra, cpuMs: round(1000 * time.cpuSeconds), stepCpuMs: round(1000 * step.cpuSeconds), percentOfStep: round((100 * time.cpuSeconds) / step.cpuSeconds) }));
    }
  }
  const share = (time) => ({ cpuMs: round(1000 * time.cpuSeconds), stepCpuMs: round(1000 * step.cpuSeconds), percentOfStep: round((100 * time.cpuSeconds) / step.cpuSeconds) });
  const { createOnlineProbe, onlineProbeOptions } = await import('../../dist/train/onlineProbe.js');
  const probe = createOnlineProbe({ dim: encoder.embeddingSize, numClasses: 50, seed: 1, options: onlineProbeOptions.parse({}) });
  const labels = Int32Array.from({ length: 128 }, (_, i) => i % 50);
  console.log(JSON.stringify({ name: 'onlineProbe', classes: 50, ...share(quickest(20, () => probe.learn(z, labels))) }));
  for (const numClips of [2000, 40_000]) console.log(JSON.stringify({ name: 'memoryBank', numClips, ...share(await memoryStep(numClips, { tf, audiossl })) }));
}

/** A step of 128 views with a memory bank of so many clips and an encoder that costs nothing: drawing 4,096 rows a view, loss, gradient, update. */
async function memoryStep(numClips, { tf, audiossl }) {
  const { memoryBank } = await import('../../dist/method/memoryBank.js');
  const encoder = { forward: (_, views) => tf.squeeze(views, [1]) };
  const head = { outputSize: 128, forward: (parameters, h) => tf.matMul(h, parameters.get('weight')) };
  const headParameters = new Map([['weight', tf.variable(tf.randomNormal([128, 128], 0, 1, 'float32', 3))]]);
  const loss = audiossl.contrastiveLosses.nce.options.parse({ name: 'nce', temperature: 0.07 });
  const parts = { encoder, encoderParameters: new Map(), head, headParameters, loss: { ...loss, angularMargin: null } };
  const method = memoryBank(parts, { momentum: 0.5, numNoise: 4096, numClips, seed: 1 });
  const views = tf.randomNormal([128, 1, 128], 0, 1, 'float32', 4);
  const clips = Int32Array.from({ length: 128 }, (_, i) => (i * 7) % numClips);
  const time = quickest(5, () => tf.dispose([...method.step(views, { clips, dropout: { seed: 1, step: 0 } }).gradients.values()]));
  tf.dispose([views, ...method.own.values(), ...headParameters.values()]);
  return time;
}

function round(value) {
  return Math.round(100 * value) / 100;
}
