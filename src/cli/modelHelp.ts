/** What `--model` takes, for --help. */
export const modelHelp =
  'run folder or .safetensors file; default: the encoder that comes with audiossl; random or random:SEED: its network with random weights';
