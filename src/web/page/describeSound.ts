import type { FrontEnd } from '../../audio/frontEndPresets.js';
import type { EmbeddedSound } from '../loadEncoder.js';

const hz = (rate: number) => `${rate.toLocaleString('en')} Hz`;

/** One line: what was decoded by whom, and what became of its rate. */
export function describeSound({ sound }: EmbeddedSound, { sampleRate }: FrontEnd): string {
  const { format, channels, isOurs, seconds } = sound;
  const numChannels = channels.length === 1 ? 'mono' : `${channels.length} channels, averaged`;
  const who = format === 'samples' ? 'as recorded' : isOurs ? `${format}, decoded as in Node.js` : `${format}, decoded by the browser`;
  const rate = sound.sampleRate === sampleRate ? hz(sampleRate) : `${hz(sound.sampleRate)} resampled to ${hz(sampleRate)}`;
  return `${seconds.toFixed(2)} s, ${numChannels}, ${rate}; ${who}.`;
}

/** What a user should know before trusting the numbers. */
export function soundNotes({ sound, isSilent, isFilled }: EmbeddedSound, { minSeconds, sampleRate, fMax, fill }: FrontEnd): string[] {
  const half = sound.sampleRate / 2;
  return [
    ...(isSilent ? ['This sound is silent: its embedding says nothing about it.'] : []),
    ...(isFilled ? [`Shorter than ${minSeconds} s: ${fill === 'repeat' ? 'repeated' : 'followed by silence'} up to that.`] : []),
    ...(sound.sampleRate < sampleRate && half < 0.95 * fMax
      ? [`Recorded at ${hz(sound.sampleRate)}, it has nothing above ${hz(half)}: the encoder's upper bands are empty.`]
      : []),
    ...sound.warnings,
  ];
}
