import { Command } from 'commander';
import { packageVersion } from '../util/packageVersion.js';
import { registerAnalyze } from './analyze.js';
import { registerClassify } from './classify.js';
import { enterCommand } from './commandOfError.js';
import { registerConfig } from './config.js';
import { registerData } from './data.js';
import { registerDoctor } from './doctor.js';
import { registerEmbed } from './embed.js';
import { registerEvaluate } from './evaluate.js';
import { registerExplore } from './explore.js';
import { registerExport } from './export.js';
import { registerFeatures } from './features.js';
import { completeHelp } from './helpOfCommands.js';
import { registerImport } from './import.js';
import { registerPretrain } from './pretrain.js';
import { registerQuickstart } from './quickstart.js';
import { registerReport } from './report.js';
import { registerSearch } from './search.js';
import { registerSetup } from './setup.js';
import { registerSweep } from './sweep.js';
import { registerTrain } from './train.js';
import { registerTransfer } from './transfer.js';
import { registerWhiten } from './whiten.js';

/** One function a command file: it adds its command and its options; the action imports what it needs when it runs. */
const commands: ((program: Command) => void)[] = [
  registerSetup,
  registerQuickstart,
  registerData,
  registerFeatures,
  registerPretrain,
  registerTrain,
  registerEvaluate,
  registerTransfer,
  registerSweep,
  registerAnalyze,
  registerReport,
  registerWhiten,
  registerEmbed,
  registerSearch,
  registerClassify,
  registerExplore,
  registerExport,
  registerImport,
  registerDoctor,
  registerConfig,
];

/** commander's message, "(Did you mean ...?)" on its second line included, as one line in the form of all our errors. */
function oneLine(message: string): string {
  return `audiossl: ${message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim()}\n`;
}

/**
 * The whole command line. Nothing heavy is imported here or in a command's file, so that `--help` answers at once.
 * Instead of leaving the process, commander throws its CommanderError, which `reportError` turns into an exit code.
 */
export function createProgram(): Command {
  const program = new Command('audiossl')
    .description('Learn representations of sound events without labels, evaluate them and use them.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    // What stands after `embed merge` is of `merge`, also where `embed` has an option of that name.
    .enablePositionalOptions()
    .option('--debug', 'show the stack of an error')
    .configureOutput({ outputError: (message, write) => write(oneLine(message)) })
    .showSuggestionAfterError(true)
    .exitOverride()
    .hook('preAction', (_, command) => enterCommand(command));
  for (const register of commands) register(program);
  completeHelp(program);
  forEachCommand(program, (command) => {
    if (command !== program) command.addOption(command.createOption('--debug').hideHelp());
  });
  return program;
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}
