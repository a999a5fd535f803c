import { execFileSync, spawnSync } from 'node:child_process';

/**
 * Network namespaces for so many ranks, on one bridge, each with an address and a device of its own whose sending is limited to `gbit`
 * and held up by `delay` ms. Needs root. `remove` takes all of it away; `delay` is what could be had: a kernel without netem adds none.
 */
export function namespaces(count, { gbit, delay }) {
  const run = (...words) => execFileSync(words[0], words.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] });
  const isDone = (...words) => spawnSync(words[0], words.slice(1), { stdio: 'ignore' }).status === 0;
  const places = Array.from({ length: count }, (_, i) => ({ name: `scaling${i}`, device: `rank${i}`, address: `10.87.0.${i + 1}` }));
  const bridge = 'scalingbridge';
  const remove = () => {
    for (const { name } of places) isDone('ip', 'netns', 'del', name);
    isDone('ip', 'link', 'del', bridge);
  };
  remove(); // what a run that was killed has left
  try {
    run('ip', 'link', 'add', bridge, 'type', 'bridge');
    run('ip', 'link', 'set', bridge, 'up');
    for (const [i, { name, device, address }] of places.entries()) {
      run('ip', 'netns', 'add', name);
      run('ip', 'link', 'add', `port${i}`, 'type', 'veth', 'peer', 'name', device);
      run('ip', 'link', 'set', `port${i}`, 'master', bridge, 'up');
      run('ip', 'link', 'set', device, 'netns', name);
      const inside = (...words) => run('ip', 'netns', 'exec', name, ...words);
      inside('ip', 'address', 'add', `${address}/24`, 'dev', device);
      inside('ip', 'link', 'set', device, 'up');
      inside('ip', 'link', 'set', 'lo', 'up');
      const queue = ['ip', 'netns', 'exec', name, 'tc', 'qdisc', 'add', 'dev', device, 'root'];
      if (delay > 0 && isDone(...queue, 'netem', 'delay', `${delay}ms`, 'rate', `${gbit}gbit`)) continue;
      if (delay > 0) process.stderr.write(`this kernel has no netem: ${gbit} Gbit/s by tbf, without the ${delay} ms of delay\n`);
      delay = 0;
      run(...queue, 'tbf', 'rate', `${gbit}gbit`, 'burst', '256k', 'latency', '50ms');
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { places, delay, remove };
}
