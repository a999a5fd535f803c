import FFT from 'fft.js';

/** What a recorder or a tool leaves on a recording, whatever the sound. */
export interface Traits {
  /** Hz, the highest frequency whose mean power is within 60 dB of the strongest one's: where an encoder or a resampler cut. */
  bandwidth: number;
  /** Root mean square of all channels in dB of full scale; -200 for digital silence. */
  level: number;
  /** Share of the samples in stretches of 10 ms and more that are 0 in every channel. */
  digitalSilence: number;
  /** Seconds of such a stretch at the beginning and at the end. */
  padding: number;
}

const frameLength = 1024;
/** Samples from one look at the spectrum to the next. */
const lookHop = 4 * frameLength;
const quietestLevel = -200;

/** Takes up a recording block by block and measures its traits. */
export class RecordingTraits {
  private readonly fft = new FFT(frameLength);
  private readonly power = new Float64Array(frameLength / 2);
  private numSamples = 0;
  private nextLook = 0;
  private squares = 0;
  private numValues = 0;
  private zeros = 0;
  private silent = 0;
  /** Length of the first stretch of zeros once it has ended. */
  private leading: number | undefined;
  private readonly shortest: number;

  constructor(private readonly sampleRate: number) {
    this.shortest = Math.ceil(sampleRate / 100);
  }

  /** A block of the channels and their mean. */
  add(channels: readonly Float32Array[], mono: Float32Array): void {
    for (const channel of channels) for (let i = 0; i < channel.length; i++) this.squares += channel[i] * channel[i];
    this.numValues += channels.length * mono.length;
    for (let i = 0; i < mono.length; i++) {
      let isZero = true;
      for (const channel of channels) isZero &&= channel[i] === 0;
      if (isZero) this.zeros++;
      else if (this.zeros > 0 || this.leading === undefined) this.endZeros();
    }
    for (; this.nextLook + frameLength <= this.numSamples + mono.length; this.nextLook += lookHop) {
      // A frame that would begin in the block before is taken at the beginning of this one.
      const start = Math.max(0, this.nextLook - this.numSamples);
      if (start + frameLength > mono.length) break;
      this.look(mono.subarray(start, start + frameLength));
    }
    this.numSamples += mono.length;
    // Shorter than a frame: the whole of it, the rest being zeros.
    if (this.numSamples === mono.length && mono.length < frameLength) this.look(mono);
  }

  /** To be called once, at the end. */
  result(): Traits {
    const trailing = this.zeros >= this.shortest ? this.zeros : 0;
    if (this.zeros > 0) this.endZeros();
    const leading = this.leading ?? 0;
    const strongest = this.power.reduce((a, b) => Math.max(a, b), 0);
    let last = strongest === 0 ? -1 : this.power.length - 1;
    while (last >= 0 && this.power[last] <= 1e-6 * strongest) last--;
    const meanSquare = this.squares / Math.max(1, this.numValues);
    return {
      bandwidth: ((last + 1) * this.sampleRate) / frameLength,
      level: meanSquare === 0 ? quietestLevel : Math.max(quietestLevel, 10 * Math.log10(meanSquare)),
      digitalSilence: this.silent / Math.max(1, this.numSamples),
      padding: (leading === this.numSamples ? leading : leading + trailing) / this.sampleRate,
    };
  }

  private endZeros(): void {
    const length = this.zeros >= this.shortest ? this.zeros : 0;
    this.silent += length;
    this.leading ??= length;
    this.zeros = 0;
  }

  private look(frame: Float32Array): void {
    const input: number[] = new Array(frameLength).fill(0);
    for (let i = 0; i < frame.length; i++) input[i] = window[i] * frame[i];
    const spectrum = this.fft.createComplexArray() as number[];
    this.fft.realTransform(spectrum, input);
    // The window spreads a constant over the first bins.
    for (let k = 4; k < frameLength / 2; k++) this.power[k] += spectrum[2 * k] ** 2 + spectrum[2 * k + 1] ** 2;
  }
}

/** Blackman-Harris: side lobes below -92 dB, so that a tone does not look as wide as its sample rate. */
const window = Float64Array.from({ length: frameLength }, (_, i) => {
  const phase = (2 * Math.PI * i) / frameLength;
  return 0.35875 - 0.48829 * Math.cos(phase) + 0.14128 * Math.cos(2 * phase) - 0.01168 * Math.cos(3 * phase);
});
