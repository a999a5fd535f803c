import FFT from 'fft.js';
import type { AudioFormat } from './decode/decodedAudio.js';

/** Where the mean of the channels has less than this share of their power, they cancel: -15 dB. */
const cancelledShare = 0.03;
/** Where more than this share of the power lies above the band, the band holds little but noise. */
const lostShare = 0.9;
/** Beyond this, full scale being 1, a sample may be a fault; only recordings of floats hold such. */
const beyondFullScale = 4;
/** A peak so far (48 dB) above the level under which all but this share of the samples stay leaves the rest as silence. */
const spikeRatio = 256;
const spikeShare = 0.02;
/** Samples that stay within this distance of their mean are silence: -80 dB of full scale. */
const silencePeak = 1e-4;

const frameLength = 1024;
/** Samples from one look at the spectrum to the next. */
const lookHop = 16 * frameLength;
/** Between two looks a peak so far (12 dB) above what they saw is looked at too: calls of bats last some milliseconds. */
const burstRatio = 4;

/**
 * Looks at a recording's samples as they come, and says what a model would not hear of them: channels that cancel in their mean, power
 * above the band, and single samples so large that the rest becomes silence.
 */
export class SoundCheck {
  private readonly power: Power[];
  private readonly mono = new Power();
  /** Samples by the power of two that they stay under: of blocks within full scale all at the block's peak. */
  private readonly byExponent = new Float64Array(2048);
  private spike = { value: 0, frame: 0, channel: 0 };
  /** Samples a channel so far. */
  numFrames = 0;
  private nextLook = 0;
  private powerAbove = 0;
  private powerSeen = 0;
  private fft: FFT | undefined;

  /**
   * @param bandEnd Hz, the upper end of what the model hears
   * @param bandAdvice what to do about power above it, where the front end cannot be chosen
   */
  constructor(
    private readonly format: Pick<AudioFormat, 'sampleRate' | 'numChannels'>,
    private readonly bandEnd: number,
    private readonly bandAdvice = 'choose a larger frontEnd.sampleRate and frontEnd.fMax',
  ) {
    this.power = Array.from({ length: format.numChannels }, () => new Power());
  }

  /** A block of the channels and their mean. */
  add(channels: readonly Float32Array[], mono: Float32Array): void {
    this.mono.add(mono);
    for (const [c, channel] of channels.entries()) {
      if (channels.length > 1) this.power[c].add(channel);
      this.addLevels(channel, c, channels.length > 1 ? this.power[c] : this.mono);
    }
    if (this.format.sampleRate > 2 * this.bandEnd) this.look(mono);
    this.numFrames += mono.length;
  }

  get isSilent(): boolean {
    return this.mono.peak < silencePeak;
  }

  /** One line each; none for a recording of which nothing is lost. */
  warnings(): string[] {
    const { sampleRate } = this.format;
    const lines: string[] = [];
    const power = this.power.reduce((sum, channel) => sum + channel.variance, 0) / this.power.length;
    if (this.power.length > 1 && this.mono.variance < cancelledShare * power && this.power.some(({ peak }) => peak >= silencePeak))
      lines.push(
        `the channels cancel: their mean, which is used, is at ${decibels(this.mono.variance)}, the channels at ${decibels(power)}; take one of them with --channel 1`,
      );
    const share = this.powerAbove / this.powerSeen;
    if (this.powerSeen > 0 && share > lostShare && !this.isSilent)
      lines.push(
        `${(100 * share).toFixed(share > 0.999 ? 2 : 1)} % of the sound's power lies above ${Math.round(this.bandEnd)} Hz, where the front end hears nothing (the recording has ${sampleRate} Hz); ${this.bandAdvice}`,
      );
    const usual = this.usualLevel();
    const { value, frame, channel } = this.spike;
    if (usual > 0 && Math.abs(value) > spikeRatio * usual)
      lines.push(
        `sample ${frame} of channel ${channel} is ${Number(value.toPrecision(3))}, while 98 % of the samples stay under ${Number(usual.toPrecision(2))}: divided by that peak the rest is silence; mend the sample`,
      );
    return lines;
  }

  private addLevels(channel: Float32Array, index: number, power: Power): void {
    const peak = power.lastPeak;
    if (peak <= beyondFullScale) {
      this.byExponent[exponentOf(peak)] += channel.length;
      return;
    }
    for (let i = 0; i < channel.length; i++) {
      const size = Math.abs(channel[i]);
      this.byExponent[exponentOf(size)]++;
      if (size > Math.abs(this.spike.value)) this.spike = { value: channel[i], frame: this.numFrames + i, channel: index };
    }
  }

  /** The power of two under which 98 % of the samples stay; 0 where those are digital silence. */
  private usualLevel(): number {
    const total = this.byExponent.reduce((sum, count) => sum + count, 0);
    let above = 0;
    for (let exponent = this.byExponent.length - 1; exponent > 0; exponent--) {
      above += this.byExponent[exponent];
      if (above > spikeShare * total) return 2 ** (exponent - exponentOffset);
    }
    return 0;
  }

  /**
   * Adds the spectra of some frames of the block: those that start at multiples of lookHop of the clip, or at its beginning, which stand for
   * all up to the next one, and single ones where it is much louder in between.
   */
  private look(mono: Float32Array): void {
    let looked = 0;
    for (; this.nextLook + frameLength <= this.numFrames + mono.length; this.nextLook += lookHop) {
      const start = Math.max(0, this.nextLook - this.numFrames);
      if (start + frameLength > mono.length) break;
      this.addSpectrum(mono, start, lookHop / frameLength);
      looked = Math.max(looked, largest(mono, start, start + frameLength).size);
    }
    for (let from = 0; from + frameLength <= mono.length; from += lookHop) {
      const { at, size } = largest(mono, from, Math.min(from + lookHop, mono.length));
      if (size > burstRatio * looked) this.addSpectrum(mono, Math.min(Math.max(0, at - frameLength / 2), mono.length - frameLength), 1);
    }
  }

  private addSpectrum(mono: Float32Array, start: number, weight: number): void {
    this.fft ??= new FFT(frameLength);
    const input: number[] = new Array(frameLength);
    let mean = 0;
    for (let i = 0; i < frameLength; i++) mean += mono[start + i] / frameLength;
    for (let i = 0; i < frameLength; i++) input[i] = hann[i] * (mono[start + i] - mean);
    const spectrum = this.fft.createComplexArray() as number[];
    this.fft.realTransform(spectrum, input);
    const hertz = this.format.sampleRate / frameLength;
    // At high rates speech is in the first bins.
    for (let k = 1; k < frameLength / 2; k++) {
      const bin = weight * (spectrum[2 * k] ** 2 + spectrum[2 * k + 1] ** 2);
      this.powerSeen += bin;
      if (k * hertz > this.bandEnd) this.powerAbove += bin;
    }
  }
}

/** Where samples[from .. to) are largest. */
function largest(samples: Float32Array, from: number, to: number): { at: number; size: number } {
  let [at, size] = [from, 0];
  for (let i = from; i < to; i++) {
    const value = samples[i] < 0 ? -samples[i] : samples[i];
    if (value > size) [at, size] = [i, value];
  }
  return { at, size };
}

const hann = Float64Array.from({ length: frameLength }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / frameLength));
const exponentOffset = 1100;

/** Bin of the smallest power of two above `size`; 0 for 0. */
function exponentOf(size: number): number {
  return size === 0 ? 0 : Math.floor(Math.log2(size)) + 1 + exponentOffset;
}

const decibels = (power: number) => (power === 0 ? '-inf dB' : `${(10 * Math.log10(power)).toFixed(0)} dB`);

/** Mean, variance and extremes of samples that come block by block. */
class Power {
  private sum = 0;
  private squares = 0;
  private count = 0;
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;
  /** max |x| of the last block */
  lastPeak = 0;

  add(samples: Float32Array): void {
    let sum = 0;
    let squares = 0;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < samples.length; i++) {
      const x = samples[i];
      sum += x;
      squares += x * x;
      if (x < low) low = x;
      if (x > high) high = x;
    }
    this.sum += sum;
    this.squares += squares;
    this.count += samples.length;
    this.low = Math.min(this.low, low);
    this.high = Math.max(this.high, high);
    this.lastPeak = Math.max(Math.abs(low), Math.abs(high));
  }

  get variance(): number {
    return Math.max(0, this.squares / this.count - (this.sum / this.count) ** 2);
  }

  /** max |x - mean| */
  get peak(): number {
    const mean = this.sum / this.count;
    return Math.max(this.high - mean, mean - this.low);
  }
}
