/** Checkpoints that a run folder has names for; each is `checkpoints/<name>.safetensors`. */
export const checkpointNames = ['best', 'last', 'whitened'] as const;
export type CheckpointName = (typeof checkpointNames)[number];

export const isCheckpointName = (text: string): text is CheckpointName => checkpointNames.some((name) => name === text);
