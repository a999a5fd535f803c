import type { Model } from '../model/loadModel.js';

/** What an export may be told beside model and output. */
export interface ExportOptions {
  /** `onnx`: from samples instead of log-mel patches. */
  waveform?: boolean;
  /** `hoplite`: the .npz or .npy of `audiossl embed` whose rows go into the database. */
  embeddings?: string;
  /** `hoplite`: the folder of the recordings. */
  audio?: string;
  /** `audiossl`: filters and matrices as float16. */
  half?: boolean;
  /** `audiossl`: folder of the recordings trained on, for the model card. */
  data?: string;
  /** `audiossl`: folder of `audiossl transfer`, for the model card. */
  transfer?: string;
}

export interface ExportRequest {
  model: Model;
  /** File or folder to write. */
  out: string;
  options: ExportOptions;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Writes one format, whole or not at all; returns what was written, in a few words. */
export type Exporter = (request: ExportRequest) => Promise<string>;
