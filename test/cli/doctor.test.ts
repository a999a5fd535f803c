import { describe, expect, it } from 'vitest';
import { describeFindings } from '../../src/cli/doctor/describeFindings.js';
import { installedVersion, isAtLeast } from '../../src/cli/doctor/packages.js';
import { runCli } from './runCli.js';
import { runHere } from './runInProcess.js';

describe('audiossl doctor', () => {
  it('says what is there, what is missing and how to get it, and measures the backend asked for', () => {
    const { code, stdout } = runCli(['doctor', '--backend', 'cpu', '--json']);
    expect(code).toBe(0);
    const findings = JSON.parse(stdout) as { what: string; state: string; found: string; remedy?: string }[];
    const of = (what: string) => findings.find((finding) => finding.what === what);
    expect(of('Node.js')).toEqual({ what: 'Node.js', state: 'ok', found: process.version });
    expect(of('audio files')?.found).toContain('WAV, Ogg Vorbis, FLAC');
    expect(of('front end')?.found).toMatch(/^(native, \w+|TypeScript: .+)$/);
    expect(of('wasm')?.found).toBe('tfjs-backend-wasm 4.22.0');
    const speed = of('backend in use')?.found.match(/^cpu on cpu, float32, 1 thread: (\d+(\.\d+)?) GFLOP\/s/)?.[1];
    expect(stdout).not.toContain('undefined');
    expect(Number(speed)).toBeGreaterThan(0);
    for (const { state, remedy } of findings) expect(remedy === undefined).toBe(state === 'ok');
  });

  it('fails on a backend asked for by name that is not there', async () => {
    const { code, stdout, stderr } = await runHere(['doctor', '--backend', 'tensorflow-gpu']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^audiossl: doctor: backend tensorflow-gpu [^\n]*\n$/);
  });
});

describe('parts of doctor', () => {
  it('aligns its lines and puts the remedy under what it mends', () => {
    const text = describeFindings([
      { what: 'a', state: 'ok', found: '1' },
      { what: 'longer', state: 'slower', found: 'none', remedy: 'npm run setup' },
    ]);
    expect(text).toBe('ok      a       1\nslower  longer  none\n                to get it: npm run setup\n');
  });

  it('compares versions by number', () => {
    expect(isAtLeast('v20.19.0', '>=20.19')).toBe(true);
    expect(isAtLeast('v20.20.2', '>=20.19')).toBe(true);
    expect(isAtLeast('v22.0.0', '>=20.19')).toBe(true);
    expect(isAtLeast('v20.9.0', '>=20.19')).toBe(false);
    expect(isAtLeast('v18.20.0', '>=20.19')).toBe(false);
  });

  it('finds installed packages and only those', () => {
    expect(installedVersion('@tensorflow/tfjs-core')).toBe('4.22.0');
    expect(installedVersion('no-such-package')).toBeUndefined();
  });
});
