import { type Command, Option } from 'commander';
import type { ConfigCommand } from '../config/commandDefaults.js';
import { collect } from './optionParsers.js';

interface ShowOptions {
  config?: string;
  set: string[];
  for: ConfigCommand;
  json?: boolean;
}

export function registerConfig(program: Command): void {
  const config = program.command('config').description('what a run is configured with');
  addConfigOptions(config.command('show'))
    .description('print the whole config, defaults filled in; a run takes the printed text as its --config')
    .addOption(new Option('--for <command>', 'whose defaults fill what is left out').choices(['pretrain', 'train']).default('pretrain'))
    .option('--json', 'as JSON, with its hash')
    .action(async ({ config: file, set, for: command, json }: ShowOptions) => {
      const { loadConfig } = await import('../config/loadConfig.js');
      const { configHash, toYaml } = await import('../run/configText.js');
      const resolved = loadConfig({ file, overrides: set, command });
      const hash = configHash(resolved);
      process.stdout.write(json ? `${JSON.stringify({ hash, config: resolved }, null, 2)}\n` : `# config ${hash}\n${toYaml(resolved)}`);
    });
  config
    .command('schema')
    .description('print the JSON schema of config files, for editors')
    .action(async () => {
      const { configJsonSchema } = await import('../config/configJsonSchema.js');
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
}

/** Adds `--config <file>` and `--set <path=value>` (parsed to `config` and `set`) to a command that reads a config. */
function addConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'YAML file with what differs from the defaults')
    .option('--set <path=value>', 'change one value, such as loss.temperature=0.1; may be given several times', collect, []);
}
