import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./torchConvolutions.py', import.meta.url));

/** The step's convolutions one by one, ours and a peer's, and the rates that they would allow if nothing else took time. */
export function convolutionsAlone({ ours, peer, mode, env, run, options }) {
  const args = [script, mode, options.threads, options.steps];
  const peers = JSON.parse(run(peer.python, args, { ...env, ...peer.env }, JSON.stringify(ours)));
  const rate = (milliseconds) => Number(((2000 * Number(options.pairs)) / milliseconds.reduce((sum, ms) => sum + ms, 0)).toFixed(1));
  const byPass = Object.fromEntries(
    ['forward', 'inputGradient', 'filterGradient'].map((pass) => {
      const sum = (times) => Math.round(times.reduce((total, ms, i) => total + (ours[i].pass === pass ? ms : 0), 0));
      return [pass, { audiosslMs: sum(ours.map(({ ms }) => ms)), peerMs: sum(peers) }];
    }),
  );
  return {
    convolutionsAlone: mode,
    peer: peer.name,
    fasterOfEach: rate(ours.map(({ ms }, i) => Math.min(ms, peers[i]))),
    audiossl: rate(ours.map(({ ms }) => ms)),
    peerAlone: rate(peers),
    ...byPass,
  };
}
