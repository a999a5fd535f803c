#!/usr/bin/env node
// Training steps of BYOL and MoCo v3 against PyTorch: ResNet-18, two views of 64 patches of 101 x 96, predictor, momentum networks, SGD.
//
//     PEER_PYTHON=VENV/bin/python node test/bench/frameworks.mjs [--rounds 3] [--steps 3] [--pairs 64] [--modes eager --modes nhwc --modes compile]
//
// Alternates process by process with torchFrameworks.py and prints one JSON line a process, then for each framework the ratio of the
// medians to PyTorch's best mode, and what the momentum networks add to SimCLR's step. Needs `npm run build` and an idle machine.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(import.meta.url);
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '3' },
    pairs: { type: 'string', default: '64' },
    threads: { type: 'string', default: String(availableParallelism()) },
    modes: { type: 'string', multiple: true, default: ['eager', 'nhwc', 'compile'] },
    frameworks: { type: 'string', multiple: true, default: ['byol', 'mocoV3'] },
    here: { type: 'string' },
  },
});
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** One framework of ours in this process. */
async function measure(name) {
  const src = (path) => import(new URL(`../../dist/${path}.js`, import.meta.url).href);
  const tf = await import('@tensorflow/tfjs-core');
  const { setBackend } = await src('backend/setBackend');
  const inUse = await setBackend({ backend: 'libtorch', threads: Number(options.threads) });
  const [{ resnet18 }, { projectionHead }, { createMethod }, { methodOptions }, { lossOptions }, { sgd }] = await Promise.all(
    ['nn/resnet18', 'nn/projectionHead', 'method/createMethod', 'method/methodOptions', 'loss/lossOptions', 'optim/sgd'].map(src),
  );
  const encoder = resnet18();
  const head = projectionHead({ inputSize: 512 });
  const parts = {
    encoder,
    encoderParameters: encoder.createParameters({ seed: 0 }),
    head,
    headParameters: head.createParameters({ seed: 0 }),
    loss: lossOptions.parse({ name: 'infoNce', ...(name === 'byol' && { beta: 0, temperature: 0.5 }) }),
  };
  const method = createMethod(methodOptions.parse({ name }), parts, { seed: 0, numClips: Number(options.pairs) });
  const optimizer = sgd();
  const views = tf.randomNormal([2 * Number(options.pairs), 101, 96], 0, 1, 'float32', 1);
  const step = () => {
    const { gradients } = method.step(views);
    optimizer.step(method.trainable, gradients, 0.03);
    for (const gradient of gradients.values()) gradient.dispose();
    method.afterUpdate?.(0.5);
  };
  const timed = (run, count) =>
    median(
      Array.from({ length: count }, () => {
        const start = performance.now();
        run();
        return (performance.now() - start) / 1000;
      }),
    );
  timed(step, 2);
  const seconds = timed(step, Number(options.steps));
  const record = {
    peer: 'audiossl',
    framework: name,
    pairs: Number(options.pairs),
    threads: inUse.threads,
    stepSeconds: Number(seconds.toFixed(4)),
    momentumMilliseconds: Number((1000 * timed(() => method.afterUpdate?.(0.5), 10)).toFixed(2)),
    peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    peakTensorsMiB: Math.round(tf.backend().addon.mostArenaBytes() / 2 ** 20),
  };
  console.log(JSON.stringify(record));
}

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${result.stderr}`);
  const line = result.stdout.trim().split('\n').at(-1);
  console.log(line);
  return JSON.parse(line);
}

function compare() {
  const python = process.env.PEER_PYTHON ?? '/usr/bin/python3';
  const torch = fileURLToPath(new URL('./torchFrameworks.py', import.meta.url));
  const { pairs, steps, threads } = options;
  const records = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const framework of ['simclr', ...options.frameworks]) {
      records.push(run(process.execPath, [here, '--here', framework, '--pairs', pairs, '--steps', steps, '--threads', threads]));
      if (framework === 'simclr') continue;
      for (const mode of options.modes) records.push(run(python, [torch, framework, mode, pairs, steps, threads]));
    }
  }
  if (new Set(records.map(({ threads }) => threads)).size !== 1) throw new Error('the processes ran with different numbers of threads');
  const seconds = (framework, peer) => median(records.filter((r) => r.framework === framework && r.peer === peer).map((r) => r.stepSeconds));
  for (const framework of options.frameworks) {
    const peers = [...new Set(records.filter((r) => r.framework === framework && r.peer !== 'audiossl').map((r) => r.peer))];
    const best = peers.toSorted((a, b) => seconds(framework, a) - seconds(framework, b))[0];
    const ours = seconds(framework, 'audiossl');
    const times = (value) => Number(value.toFixed(3));
    console.log(
      JSON.stringify({
        framework,
        best,
        timesAsFast: times(seconds(framework, best) / ours),
        ofSimclrsStep: times(ours / seconds('simclr', 'audiossl')),
      }),
    );
  }
}

if (options.here === undefined) compare();
else await measure(options.here);
