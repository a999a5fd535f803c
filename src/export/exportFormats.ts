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

export interface ExportFormat {
  /** What it is and whom it is for, for --help. */
  description: string;
  isFolder?: boolean;
  /** Options that it takes; any other is refused. */
  options: readonly (keyof ExportOptions)[];
  /** Options that it cannot do without. */
  needs?: readonly (keyof ExportOptions)[];
  load: () => Promise<Exporter>;
}

/** Every format by name: a line here and a file of its own. Loaded when used. */
export const exportFormats = {
  audiossl: {
    description:
      'one .safetensors for audiossl itself, without what only training needs (--half: float16), and its model card (.md) beside it',
    options: ['half', 'data', 'transfer'],
    load: async () => (await import('./audiossl.js')).exportAudiossl,
  },
  torchvision: {
    description: "safetensors under torchvision's names, for PyTorch (resnet18)",
    options: [],
    load: async () => (await import('./torchvision.js')).exportTorchvision,
  },
  onnx: {
    description: 'one ONNX file, from log-mel patches or with --waveform from samples, for any runtime',
    options: ['waveform'],
    load: async () => (await import('./onnx.js')).exportOnnx,
  },
  python: {
    description: 'a package that pip installs, on onnxruntime: NumPy, and with PyTorch the HEAR and X-ARES interfaces',
    isFolder: true,
    options: [],
    load: async () => (await import('./python.js')).exportPython,
  },
} as const satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof exportFormats;
export const exportFormatNames = Object.keys(exportFormats) as ExportFormatName[];
