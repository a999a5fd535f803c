#!/usr/bin/env node
// The training step against PyTorch: ResNet-18, 64 pairs of 101 x 96 patches, ACL, SGD; then the evaluation forward pass.
//
//     node test/bench/step.mjs [--rounds 5] [--steps 5] [--modes fp32 --modes bf16] [--threads N] [--backend libtorch] [--bound]
//
// Alternates process by process with torchStep.py (Debian's python3-torch), which runs as shipped and tuned, and prints one JSON line
// a process, then the ratios of medians. Needs `npm run build` and an otherwise idle machine. Then the rate that the convolutions alone
// would allow: each of a step is timed alone, here and in PyTorch, and the faster one counts (`--bound` prints only that).
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(import.meta.url);
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '5' },
    pairs: { type: 'string', default: '64' },
    modes: { type: 'string', multiple: true, default: ['fp32', 'bf16'] },
    threads: { type: 'string', default: String(availableParallelism()) },
    backend: { type: 'string', default: 'libtorch' },
    here: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    bound: { type: 'boolean', default: false },
  },
});

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** One mode of ours in this process. */
async function measure(mode) {
  const src = (name) => import(new URL(`../../dist/${name}.js`, import.meta.url).href);
  const tf = await import('@tensorflow/tfjs-core');
  const { setBackend } = await src('backend/setBackend');
  const precision = mode === 'bf16' ? 'bfloat16' : 'float32';
  const inUse = await setBackend({ backend: options.backend, precision, threads: Number(options.threads) });
  const [{ resnet18 }, { projectionHead }, { simclr }, { sgd }, { lossOptions }] = await Promise.all(
    ['nn/resnet18', 'nn/projectionHead', 'method/simclr', 'optim/sgd', 'loss/lossOptions'].map(src),
  );
  const encoder = resnet18();
  const head = projectionHead({ inputSize: 512 });
  const encoderParameters = encoder.createParameters({ seed: 0 });
  const headParameters = head.createParameters({ seed: 0 });
  const loss = lossOptions.parse({ name: 'angularContrastive', reduction: 'authorsSum' });
  const method = simclr({ encoder, encoderParameters, head, headParameters, loss });
  const optimizer = sgd();
  const rows = 2 * Number(options.pairs);
  const views = tf.randomNormal([rows, 101, 96], 0, 1, 'float32', 1);

  const losses = [];
  const step = () => {
    const { loss, gradients } = method.step(views);
    optimizer.step(method.trainable, gradients, 0.03);
    for (const gradient of gradients.values()) gradient.dispose();
    losses.push(loss);
  };
  const embed = () => tf.tidy(() => encoder.forward(encoderParameters, views, { isTraining: false })).dispose();
  const timed = (run) => {
    run();
    const seconds = [];
    for (let i = 0; i < Number(options.steps); i++) {
      const start = performance.now();
      run();
      seconds.push((performance.now() - start) / 1000);
    }
    return rows / median(seconds);
  };
  if (options.profile) {
    step();
    // Processor time, so that a busy machine does not spoil it: with several threads the sum over them.
    tf.backend().time = async (run) => {
      const before = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(before);
      return { kernelMs: (user + system) / 1000 };
    };
    const { kernels } = await tf.profile(step);
    const totals = new Map();
    for (const { name, kernelTimeMs } of kernels) {
      const total = totals.get(name) ?? { calls: 0, ms: 0 };
      total.calls++;
      total.ms += await kernelTimeMs;
      totals.set(name, total);
    }
    for (const [name, { calls, ms }] of [...totals].sort((a, b) => b[1].ms - a[1].ms).slice(0, 25)) {
      console.log(`${name.padEnd(34)} ${String(calls).padStart(5)} ${ms.toFixed(1).padStart(9)} ms`);
    }
    console.log(`${kernels.length} kernel calls`);
    return;
  }
  if (options.bound) {
    step();
    console.log(JSON.stringify(timeConvolutions(tf, step)));
    return;
  }
  const train = timed(step);
  const numTensors = tf.memory().numTensors;
  step();
  if (tf.memory().numTensors !== numTensors) throw new Error('a step leaks tensors');
  const trainPeak = process.resourceUsage().maxRSS;
  const embedded = timed(embed);
  console.log(
    JSON.stringify({
      peer: 'audiossl',
      backend: inUse.name,
      mode,
      pairs: rows / 2,
      threads: inUse.threads,
      trainPatchesPerSecond: Number(train.toFixed(1)),
      embedPatchesPerSecond: Number(embedded.toFixed(1)),
      peakRssMiB: Math.round(Math.max(trainPeak, process.resourceUsage().maxRSS) / 1024),
      losses: losses.map((value) => Number(value.toFixed(4))),
    }),
  );
}

/** Runs a step in which every convolution is repeated on the spot; what each was and its median milliseconds. */
function timeConvolutions(tf, step) {
  const passes = { Conv2D: 'forward', Conv2DBackpropInput: 'inputGradient', Conv2DBackpropFilter: 'filterGradient' };
  const convolutions = [];
  for (const [kernelName, pass] of Object.entries(passes)) {
    const kernel = tf.getKernel(kernelName, tf.getBackend());
    tf.unregisterKernel(kernelName, tf.getBackend());
    const kernelFunc = (call) => {
      const result = kernel.kernelFunc(call);
      const times = Array.from({ length: Number(options.steps) }, () => {
        const start = performance.now();
        const again = kernel.kernelFunc(call);
        const ms = performance.now() - start;
        call.backend.disposeData(again.dataId);
        return ms;
      });
      const { inputs, attrs } = call;
      convolutions.push({
        pass,
        x: attrs.inputShape ?? inputs.x.shape,
        filter: attrs.filterShape ?? inputs.filter.shape,
        stride: attrs.strides[0],
        padding: attrs.pad === 'valid' ? 0 : attrs.pad[1][0],
        ms: median(times),
      });
      return result;
    };
    tf.registerKernel({ ...kernel, kernelFunc });
  }
  step();
  return convolutions;
}

/** The step's convolutions one by one, ours and PyTorch's, and the rate that they would allow if nothing else took time. */
function bound(mode) {
  const shared = ['--pairs', options.pairs, '--steps', options.steps, '--threads', options.threads, '--backend', options.backend];
  const ours = JSON.parse(run(process.execPath, [here, '--here', '--bound', ...shared, '--modes', mode]));
  const torch = fileURLToPath(new URL('./torchConvolutions.py', import.meta.url));
  const peers = JSON.parse(run('/usr/bin/python3', [torch, mode, options.threads, options.steps], tuned, JSON.stringify(ours)));
  const rate = (milliseconds) => Number(((2000 * Number(options.pairs)) / milliseconds.reduce((sum, ms) => sum + ms, 0)).toFixed(1));
  const byPass = Object.fromEntries(
    ['forward', 'inputGradient', 'filterGradient'].map((pass) => {
      const sum = (times) => Math.round(times.reduce((total, ms, i) => total + (ours[i].pass === pass ? ms : 0), 0));
      return [pass, { audiosslMs: sum(ours.map(({ ms }) => ms)), pytorchMs: sum(peers) }];
    }),
  );
  return {
    convolutionsAlone: mode,
    patchesPerSecond: rate(ours.map(({ ms }, i) => Math.min(ms, peers[i]))),
    audiossl: rate(ours.map(({ ms }) => ms)),
    pytorch: rate(peers),
    ...byPass,
  };
}

function run(command, args, env = {}, input = '') {
  const result = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env }, input, maxBuffer: 1 << 26 });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${result.stderr}`);
  return result.stdout.trim().split('\n').at(-1);
}

function runProcess(command, args, env) {
  const line = run(command, args, env);
  console.log(line);
  return JSON.parse(line);
}

/** What an experienced user of PyTorch sets. */
const tuned = {
  OPENBLAS_NUM_THREADS: '1',
  MALLOC_MMAP_THRESHOLD_: '8589934592',
  MALLOC_TRIM_THRESHOLD_: '8589934592',
  MALLOC_TOP_PAD_: '268435456',
};

function compare() {
  const torch = fileURLToPath(new URL('./torchStep.py', import.meta.url));
  const records = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const mode of options.modes) {
      const shared = ['--pairs', options.pairs, '--steps', options.steps];
      const ours = [here, '--here', ...shared, '--modes', mode, '--threads', options.threads, '--backend', options.backend];
      records.push(runProcess(process.execPath, ours));
      for (const memory of ['as-shipped', 'tuned']) {
        const peer = [torch, '--here', ...shared, '--modes', `${mode}-nhwc`, '--memory', memory];
        records.push({ ...runProcess('/usr/bin/python3', peer, memory === 'tuned' ? tuned : {}), mode });
      }
    }
  }
  if (new Set(records.map(({ threads }) => threads)).size !== 1) throw new Error('the processes ran with different numbers of threads');
  const of = (mode, memory, key) => median(records.filter((r) => r.mode === mode && r.memory === memory).map((r) => r[key]));
  for (const mode of options.modes) {
    for (const memory of ['as-shipped', 'tuned']) {
      const ratio = (key) => Number((of(mode, undefined, key) / of(mode, memory, key)).toFixed(3));
      const [train, embed, memoryRatio] = ['trainPatchesPerSecond', 'embedPatchesPerSecond', 'peakRssMiB'].map(ratio);
      console.log(JSON.stringify({ ratioTo: `pytorch ${memory}`, mode, train, embed, peakMemory: memoryRatio }));
    }
    const alone = bound(mode);
    const share = of(mode, undefined, 'trainPatchesPerSecond') / alone.patchesPerSecond;
    console.log(JSON.stringify({ ...alone, trainShareOfThat: Number(share.toFixed(3)) }));
  }
}

if (options.here) await measure(options.modes[0]);
else if (options.bound) for (const mode of options.modes) console.log(JSON.stringify(bound(mode)));
else compare();
