/** What a mel filter bank depends on. */
export interface MelFilterBankOptions {
  sampleRate: number;
  nFft: number;
  nMels: number;
  fMin?: number;
  fMax?: number;
  melScale?: 'slaney' | 'htk';
  melNorm?: 'none' | 'slaney';
}

export interface MelFilterBank {
  nMels: number;
  /** nFft / 2 + 1 */
  numBins: number;
  /** [mel, bin], row-major, dense. */
  weights: Float64Array;
  /** Hz, nMels + 2 corners; band i rises from edges[i] to edges[i + 1] and falls to edges[i + 2]. */
  edges: Float64Array;
  /** First bin with a weight above 0, a band. */
  firstBin: Int32Array;
  /** One past the last bin with a weight above 0, a band; equal to firstBin where the band is empty. */
  endBin: Int32Array;
}

/** Slaney: linear to 1000 Hz (200/3 Hz a mel), then ln(6.4)/27 a mel. HTK: 2595 log10(1 + f/700). */
export function hzToMel(hz: number, melScale: 'slaney' | 'htk'): number {
  if (melScale === 'htk') return 2595 * Math.log10(1 + hz / 700);
  return hz < 1000 ? hz / (200 / 3) : 15 + (27 * Math.log(hz / 1000)) / Math.log(6.4);
}

export function melToHz(mel: number, melScale: 'slaney' | 'htk'): number {
  if (melScale === 'htk') return 700 * (10 ** (mel / 2595) - 1);
  return mel < 15 ? mel * (200 / 3) : 1000 * Math.exp(((mel - 15) * Math.log(6.4)) / 27);
}

/**
 * Triangular mel filters over the bins k * sampleRate / nFft, k = 0 .. nFft / 2, as librosa.filters.mel: corners
 * equally spaced in mel, weight_i(f) = max(0, min((f - e_i) / (e_{i+1} - e_i), (e_{i+2} - f) / (e_{i+2} - e_{i+1}))).
 *
 * @example
 * ```ts
 * import { melFilterBank } from 'audiossl';
 * const { weights, edges } = melFilterBank({ sampleRate: 22050, nFft: 2048, nMels: 40 });
 * [weights.length, edges.length]; // => [41000, 42]
 * ```
 */
export function melFilterBank({
  sampleRate,
  nFft,
  nMels,
  fMin = 0,
  fMax = sampleRate / 2,
  melScale = 'slaney',
  melNorm = 'none',
}: MelFilterBankOptions): MelFilterBank {
  const numBins = nFft / 2 + 1;
  const low = hzToMel(fMin, melScale);
  const high = hzToMel(fMax, melScale);
  const edges = Float64Array.from({ length: nMels + 2 }, (_, i) => melToHz(low + ((high - low) * i) / (nMels + 1), melScale));
  const weights = new Float64Array(nMels * numBins);
  const firstBin = new Int32Array(nMels);
  const endBin = new Int32Array(nMels);
  for (let mel = 0; mel < nMels; mel++) {
    const [left, centre, right] = [edges[mel], edges[mel + 1], edges[mel + 2]];
    const scale = melNorm === 'slaney' ? 2 / (right - left) : 1;
    // Bins below `left` and above `right` weigh nothing, and are most of them.
    const last = Math.min(numBins - 1, Math.ceil((right * nFft) / sampleRate));
    for (let bin = Math.max(0, Math.floor((left * nFft) / sampleRate)); bin <= last; bin++) {
      const hz = (bin * sampleRate) / nFft;
      const weight = Math.min((hz - left) / (centre - left), (right - hz) / (right - centre));
      if (!(weight > 0)) continue;
      weights[mel * numBins + bin] = weight * scale;
      if (endBin[mel] === 0) firstBin[mel] = bin;
      endBin[mel] = bin + 1;
    }
  }
  return { nMels, numBins, weights, edges, firstBin, endBin };
}

/** Indices of the bands without any bin. */
export function emptyMelBands(options: MelFilterBankOptions): number[] {
  const { firstBin, endBin } = melFilterBank(options);
  return [...firstBin.keys()].filter((mel) => endBin[mel] === firstBin[mel]);
}
