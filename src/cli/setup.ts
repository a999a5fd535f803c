import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { packageFile } from '../util/packageFile.js';
import { sayNext } from './sayNext.js';

export function registerSetup(program: Command): void {
  program
    .command('setup')
    .description('install and build what is missing: libtorch, npm packages, the native addon')
    .option('--libtorch <which>', 'pypi (fetched by pip), debian, or the folder of a libtorch or PyTorch; remembered')
    .option('--no-system-packages', 'leave Debian packages alone')
    .option('--for-tests', 'also install what optional tests of this repository need')
    .action(({ systemPackages, forTests, libtorch }: { systemPackages: boolean; forTests?: boolean; libtorch?: string }) => {
      // The script is plain JavaScript outside src/: it also runs in a fresh clone, before anything can be compiled.
      const script = packageFile('native', 'setup.mjs');
      const flags = [
        ...(systemPackages ? [] : ['--no-system-packages']),
        ...(forTests ? ['--for-tests'] : []),
        ...(libtorch === undefined ? [] : [`--libtorch=${libtorch}`]),
      ];
      const { status } = spawnSync(process.execPath, [script, ...flags], { stdio: 'inherit' });
      process.exitCode = status ?? 1;
      if (status === 0) sayNext(['doctor']);
    });
}
