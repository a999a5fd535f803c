import type { FrontEnd } from '../../audio/frontEndPresets.js';

/** A file of the exported folder in pieces that a page opened by double click can load: `parts/NAME-0.js` ... */
export interface WebParts {
  count: number;
  /** Of the content, which the pieces hold packed. */
  bytes: number;
}

/** What an exported page knows about its model, as JSON in `parts/facts-0.js`. */
export interface WebFacts {
  title: string;
  version: string;
  encoder: string;
  /** Checksum of the weights' file. */
  sha256?: string;
  frontEnd: FrontEnd;
  patchFrames: number;
  patchHop: number;
  embeddingSize: number;
  /** onnxruntime-web's module, its WebAssembly, and the encoder as ONNX. */
  parts: Record<'runtime' | 'wasm' | 'encoder', WebParts>;
  /** Linear classifier of h: base64 of float32 `[embeddingSize + 1, classes]`, the bias in the last row. */
  classifier?: { classNames: string[]; weights: string };
  /** Embeddings to compare with. */
  rows?: {
    /** int16 `[n, embeddingSize]`, each row scaled to its largest value. */
    parts: WebParts;
    ids: string[];
    /** When in its recording a row is, ms; absent where a row is a whole recording. */
    timesMs?: number[];
    /** Relative to the page. */
    sounds?: (string | null)[];
    /** Name of the file of embeddings. */
    file: string;
  };
}
