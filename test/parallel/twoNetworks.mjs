// Two ranks, each in a network of its own, with a cable between them: `unshare --user --map-root-user --net node twoNetworks.mjs SCRIPT STORE FOLDER JOBS
// JOBS`. Prints how they ended, as JSON.
import { execFileSync, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';

const [script, store, folder, near, far] = process.argv.slice(2);
const ip = (...args) => execFileSync('ip', args);
ip('link', 'set', 'lo', 'up');
ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far');

function start([program, ...args]) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr }))) };
}

const networkOf = (pid) => readlinkSync(`/proc/${pid}/ns/net`);
const ranks = [
  start([process.execPath, script, store, folder, near]),
  start(['unshare', '--net', process.execPath, script, store, folder, far]),
];
const { pid } = ranks[1].child;
while (networkOf(pid) === networkOf('self')) await new Promise((resolve) => setTimeout(resolve, 10));
ip('link', 'set', 'far', 'netns', String(pid));
console.log(JSON.stringify(await Promise.all(ranks.map(({ ended }) => ended))));
