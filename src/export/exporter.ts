import type { Model } from '../model/loadModel.js';

/** What an export may be told beside model and output. */
export interface ExportOptions {
  /** `onnx`: from samples instead of log-mel patches. */
  waveform?: boolean;
  /** `hoplite`, `web`: the .npz or .npy of `audiossl embed` whose rows go into the database or the page. */
  embeddings?: string;
  /** `hoplite`, `web`: the folder of the recordings. */
  audio?: string;
  /** `web`: a classifier that `audiossl evaluate --keep-probe` kept; absent: the model's own where it has one. */
  probe?: string;
  /** `audiossl`: filters and matrices as float16. */
  half?: boolean;
  /** Folder of the recordings trained on, for the model card. */
  data?: string;
  /** Folder of `audiossl transfer`, for the model card. */
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
