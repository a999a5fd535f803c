import type { Command } from 'commander';
import { addBackendOptions, type pickBackend } from './backendOptions.js';
import { sayNext } from './sayNext.js';

type DoctorOptions = { json?: boolean } & Parameters<typeof pickBackend>[0];

export function registerDoctor(program: Command): void {
  addBackendOptions(program.command('doctor'))
    .description('what was found, wanted and missing on this machine, and how fast it computes')
    .option('--json', 'as JSON')
    .action(async ({ json, ...backendOptions }: DoctorOptions) => {
      const { examine } = await import('./doctor/examine.js');
      const { describeFindings } = await import('./doctor/describeFindings.js');
      const findings = await examine(backendOptions);
      process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : describeFindings(findings));
      const isBroken = findings.some(({ state }) => state === 'broken');
      if (isBroken) process.exitCode = 1;
      else if (!json) sayNext(['embed', '--in', 'YOUR_FOLDER', '--out', 'embeddings.npz']);
    });
}
