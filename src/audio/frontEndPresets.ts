/**
 * A front end, fully resolved: everything that turns decoded samples into log-mel frames, in librosa's words.
 * It travels inside every feature store and checkpoint; two stores agree when their front ends are equal.
 */
export interface FrontEnd {
  /** Hz; recordings at other rates are resampled to it. */
  sampleRate: number;
  /** Points of the Fourier transform, a power of two. */
  nFft: number;
  /** Samples under the window, <= nFft; the window is zero-padded to nFft, centred. */
  winLength: number;
  /** Samples from one frame to the next. */
  hopLength: number;
  nMels: number;
  /** Hz, lower edge of the first mel band. */
  fMin: number;
  /** Hz, upper edge of the last mel band. */
  fMax: number;
  /** Periodic window. */
  window: 'hamming' | 'hann';
  /** Pads nFft / 2 samples at both ends, so that frame t is centred on sample t * hopLength. */
  center: boolean;
  /** What the padding of `center` holds: the mirrored signal (edge sample not repeated) or zeros. */
  padMode: 'reflect' | 'constant';
  /** Exponent of the magnitude: 2 = power, 1 = magnitude. */
  power: 1 | 2;
  melScale: 'slaney' | 'htk';
  /** 'slaney' divides each triangle by half its width in Hz; 'none' leaves peaks at 1. */
  melNorm: 'none' | 'slaney';
  /** log10(m), ln(m), or decibel = 10 log10(m) for power and 20 log10(m) for magnitude. */
  log: 'log10' | 'ln' | 'decibel';
  /** Added to each mel value before the logarithm. */
  logOffset: number;
  /** Mel values below it are lifted to it before the logarithm (librosa's amin). */
  logFloor: number;
  /** With `log: decibel`: values further than this below the clip's maximum are lifted; null = off. */
  topDecibels: number | null;
  /** Added to every sample before the Fourier transform. */
  waveformOffset: number;
  /** Subtract the clip's mean and divide by its peak + headRoom. */
  normalise: boolean;
  headRoom: number;
  /** Shorter clips are filled up to this length; 0 = left as they are. */
  minSeconds: number;
  /** How they are filled: by repeating the clip or with zeros at the end. */
  fill: 'repeat' | 'zero';
}

/** The authors' self-supervised system (librosa 0.7.2: reflect padding). */
const acl: FrontEnd = {
  sampleRate: 22050,
  nFft: 2048,
  winLength: 660,
  hopLength: 220,
  nMels: 96,
  fMin: 50,
  fMax: 10500,
  window: 'hamming',
  center: true,
  padMode: 'reflect',
  power: 2,
  melScale: 'slaney',
  melNorm: 'none',
  log: 'log10',
  logOffset: 1.1e-8,
  logFloor: 0,
  topDecibels: null,
  waveformOffset: 1.1e-8,
  normalise: true,
  headRoom: 0.005,
  minSeconds: 1,
  fill: 'repeat',
};

/** The authors' supervised baseline (librosa 0.9.2: zero padding). */
const aclSupervised: FrontEnd = {
  ...acl,
  sampleRate: 44100,
  winLength: 1764,
  hopLength: 882,
  fMin: 0,
  fMax: 22050,
  padMode: 'constant',
  logOffset: 2 ** -52,
  waveformOffset: 2 ** -52,
  minSeconds: 2,
};

/** `power_to_db(librosa.feature.melspectrogram(y, sr=22050))` with the defaults of librosa 0.10. */
const librosa: FrontEnd = {
  sampleRate: 22050,
  nFft: 2048,
  winLength: 2048,
  hopLength: 512,
  nMels: 128,
  fMin: 0,
  fMax: 11025,
  window: 'hann',
  center: true,
  padMode: 'constant',
  power: 2,
  melScale: 'slaney',
  melNorm: 'slaney',
  log: 'decibel',
  logOffset: 0,
  logFloor: 1e-10,
  topDecibels: 80,
  waveformOffset: 0,
  normalise: false,
  headRoom: 0,
  minSeconds: 0,
  fill: 'zero',
};

/**
 * `AmplitudeToDB()(MelSpectrogram(16000, n_fft=1024, win_length=400, hop_length=200))` of torchaudio. Its own default
 * n_fft of 400 is no power of two and leaves mel bands empty; the window of 400 samples is kept.
 */
const torchaudio: FrontEnd = {
  ...librosa,
  sampleRate: 16000,
  nFft: 1024,
  winLength: 400,
  hopLength: 200,
  fMax: 8000,
  padMode: 'reflect',
  melScale: 'htk',
  melNorm: 'none',
  topDecibels: null,
};

export const frontEndPresets = { acl, aclSupervised, librosa, torchaudio } as const;
