#!/usr/bin/env node
// The training step against today's PyTorch: ResNet-18, 64 pairs of 101 x 96 patches, ACL, SGD; then the evaluation forward pass.
//
//     npm run bench:step                                     # Debian's python3-torch, and that of the active virtual environment
//     PEER_PYTHON=/path/to/venv/bin/python npm run bench:step      # and that one (several: with colons between)
//
// Alternates process by process: ours, then every peer (see step/peers.mjs), round after round, for each instruction set that is asked
// for. On a processor with AVX-512 both sides also run held to AVX2. Prints a JSON line a process, then a table a mode and instruction
// set with medians and ranges over the rounds, and what was to be reached. Needs an otherwise idle machine, and `npm run build` where it
// is not started by npm. The threads of all processes must be the same, or it stops.
//
//     --rounds 5 --steps 5 --pairs 64 --threads N --backend libtorch
//     --modes fp32 --modes bf16       default: fp32, and bf16 where the processor computes in it
//     --isa avx512 --isa avx2         default: what the processor has, and avx2 where that is avx512
//     --addon FILE                    another build of the addon (on another libtorch); several: each is run
//     --peers TEXT                    only peers whose name contains it; `--peers none` runs ours alone
//     --log FILE                      appends the JSON lines to a file and counts those that stand in it, so that rounds can be run a few
//                                     at a time; `--rounds 0` only prints the table
//     --bound                         times each convolution of the step alone, ours and the best peer's, and prints the rates that
//                                     they would allow if nothing else took time
//     --profile                       processor time of each of our kernels in one step
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { convolutionsAlone } from './step/convolutionsAlone.mjs';
import { heldTo, instructionSet, processorFlags } from './step/instructionSets.mjs';
import { findPeers } from './step/peers.mjs';
import { describeResults } from './step/table.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '5' },
    pairs: { type: 'string', default: '64' },
    threads: { type: 'string', default: String(availableParallelism()) },
    backend: { type: 'string', default: 'libtorch' },
    modes: { type: 'string', multiple: true, default: processorFlags().has('avx512_bf16') ? ['fp32', 'bf16'] : ['fp32'] },
    isa: { type: 'string', multiple: true, default: instructionSet() === 'avx512' ? ['avx512', 'avx2'] : [instructionSet()] },
    addon: { type: 'string', multiple: true, default: [process.env.AUDIOSSL_ADDON ?? ''] },
    peers: { type: 'string', default: '' },
    log: { type: 'string' },
    bound: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
});

const ours = fileURLToPath(new URL('./step/ours.mjs', import.meta.url));
const shared = ['--pairs', options.pairs, '--steps', options.steps, '--threads', options.threads];

/** The last line that a program prints. */
function run(command, args, env = {}, input = '') {
  const result = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env }, input, maxBuffer: 1 << 26 });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${result.stderr}${result.stdout}`);
  return result.stdout.trim();
}

/** Commands of one round: { env, command, args }. */
function contenders(mode, peers) {
  const us = options.addon.map((addon) => ({
    command: process.execPath,
    args: [ours, ...shared, '--mode', mode, '--backend', options.backend],
    env: addon === '' ? {} : { AUDIOSSL_ADDON: addon },
  }));
  const them = peers.map(({ python, script, variant, env, name }) => ({
    command: python,
    args: [script, ...shared, '--mode', mode, '--variant', variant],
    env,
    name,
  }));
  return [...us, ...them];
}

function compare() {
  const peers = options.rounds === '0' ? [] : findPeers(options.peers);
  const records = options.log && existsSync(options.log) ? readFileSync(options.log, 'utf8').trim().split('\n').map(JSON.parse) : [];
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const isa of options.isa) {
      for (const mode of options.modes) {
        if (mode === 'bf16' && isa !== 'avx512') continue; // nothing multiplies bfloat16 there
        for (const { command, args, env, name } of contenders(mode, peers)) {
          let printed;
          try {
            printed = run(command, args, { ...heldTo(isa), ...env });
          } catch (error) {
            // A peer may not be able to: torch.compile needs a C++ compiler.
            if (name === undefined) throw error;
            const [reason = ''] = error.message.match(/^\w*Error: .*$/m) ?? [];
            console.log(`${isa}, ${mode}: ${name} does not run: ${reason}`);
            continue;
          }
          const record = { isa, ...JSON.parse(printed.split('\n').at(-1)) };
          if (name !== undefined) record.peer = name;
          records.push(record);
          console.log(JSON.stringify(record));
          if (options.log) appendFileSync(options.log, `${JSON.stringify(record)}\n`);
          if (record.threads !== records[0].threads) throw new Error('the processes ran with different numbers of threads');
        }
      }
    }
  }
  console.log(describeResults(records));
}

if (options.profile) {
  const args = [ours, ...shared, '--mode', options.modes[0], '--backend', options.backend, '--profile'];
  console.log(run(process.execPath, args, heldTo(options.isa[0])));
} else if (options.bound) {
  for (const isa of options.isa) {
    for (const mode of options.modes) {
      const env = heldTo(isa);
      const args = [ours, ...shared, '--mode', mode, '--backend', options.backend, '--convolutions'];
      const times = JSON.parse(run(process.execPath, args, env));
      const peer = findPeers(options.peers).at(-1);
      console.log(JSON.stringify({ isa, ...convolutionsAlone({ ours: times, peer, mode, env, run, options }) }));
    }
  }
} else {
  compare();
}
