import type { Command, Option } from 'commander';

/** An example of every command, as it is typed; `...` of a path is the reader's own. */
const examples: Record<string, string> = {
  setup: 'audiossl setup --libtorch pypi',
  quickstart: 'audiossl quickstart --out quickstart',
  'data check': 'audiossl data check recordings',
  'data stats': 'audiossl data stats recordings',
  'data audit-labels': 'audiossl data audit-labels --model runs/first --data recordings --out audit',
  features: 'audiossl features --data recordings --out features',
  pretrain: 'audiossl pretrain --data recordings --out runs/first --set train.epochs=20',
  train: 'audiossl train --data recordings --out runs/labels --config configs/esc10-supervised.yaml',
  evaluate: 'audiossl evaluate runs/first --protocol linear --split validation',
  sweep: 'audiossl sweep configs/sweeps/esc10.yaml --data data/esc10 --out sweeps/esc10',
  analyze: 'audiossl analyze runs/first --split validation',
  report: 'audiossl report runs/first',
  whiten: 'audiossl whiten --model runs/first --checkpoint last',
  embed: 'audiossl embed --in recordings --out embeddings.npz',
  classify: 'audiossl classify --model runs/labels --in recordings --window 2 --threshold 0.5 --out labels.csv',
  'embed merge': 'audiossl embed merge --in part1.npz part2.npz --out embeddings.npz',
  export: 'audiossl export --model runs/first --format onnx --out encoder.onnx',
  import: 'audiossl import --weights pretrained.safetensors --like runs/first --out model.safetensors',
  transfer: 'audiossl transfer --model runs/first --data data/esc10 --data recordings --out transfer',
  explore: 'audiossl explore runs/first --out map',
  search: 'audiossl search --embeddings embeddings.npz --query dog.wav --top 5',
  doctor: 'audiossl doctor',
  'config show': 'audiossl config show --config configs/esc10.yaml',
  'config schema': 'audiossl config schema',
};

/** The help of every command: what must be given is marked, and an example stands at the end. */
export function completeHelp(command: Command, path: readonly string[] = []): void {
  command.configureHelp({
    optionDescription(option: Option) {
      const text = describeOption(option);
      return option.mandatory && option.defaultValue === undefined ? `needed: ${text}` : text;
    },
  });
  const example = examples[path.join(' ')];
  if (example !== undefined) command.addHelpText('after', `\nExample:\n  ${example}`);
  for (const child of command.commands) completeHelp(child, [...path, child.name()]);
}

/** commander's own text of an option: its description, choices and default. */
function describeOption({ description, argChoices, defaultValue, defaultValueDescription, negate }: Option): string {
  const isShown = defaultValue !== undefined && !negate && !(Array.isArray(defaultValue) && defaultValue.length === 0);
  const extra = [
    ...(argChoices === undefined ? [] : [`choices: ${argChoices.join(', ')}`]),
    ...(isShown && typeof defaultValue !== 'boolean' ? [`default: ${defaultValueDescription ?? String(defaultValue)}`] : []),
  ];
  return extra.length === 0 ? description : `${description} (${extra.join('; ')})`;
}
