import type { Exporter, ExportOptions } from './exporter.js';

export interface ExportFormat {
  /** What it is and whom it is for, for --help. */
  description: string;
  isFolder?: boolean;
  /** Options that it takes beside `cardOptions`; any other is refused. */
  options: readonly (keyof ExportOptions)[];
  /** Options that it cannot do without. */
  needs?: readonly (keyof ExportOptions)[];
  load: () => Promise<Exporter>;
}

/** What every format takes: its model card tells of them. */
export const cardOptions: readonly (keyof ExportOptions)[] = ['data', 'transfer'];

/** Every format by name: a line here and a file of its own. Loaded when used. */
export const exportFormats = {
  audiossl: {
    description: 'one .safetensors for audiossl itself, without what only training needs (--half: float16)',
    options: ['half'],
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
  hoplite: {
    description: 'the rows of --embeddings as a folder that perch-hoplite opens as its database, with the encoder for queries',
    isFolder: true,
    options: ['embeddings', 'audio'],
    needs: ['embeddings'],
    load: async () => (await import('./hoplite.js')).exportHoplite,
  },
  web: {
    description:
      'a page that opens or records a sound and shows its log-mel, classes and the like of it among --embeddings, in the browser',
    isFolder: true,
    options: ['embeddings', 'audio', 'probe'],
    load: async () => (await import('./web.js')).exportWeb,
  },
} as const satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof exportFormats;
export const exportFormatNames = Object.keys(exportFormats) as ExportFormatName[];
