/** What an MPEG audio layer III frame header says. */
export interface Mp3Frame {
  start: number;
  /** Bytes, header included. */
  length: number;
  sampleRate: number;
  channels: 1 | 2;
  /** Samples a channel: 1152 (MPEG 1) or 576 (MPEG 2, 2.5). */
  numSamples: number;
  /** Bytes of side information after the header. */
  sideInfo: number;
}

const bitratesMpeg1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const bitratesMpeg2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const sampleRates = [44_100, 48_000, 32_000];

/** The layer III frame whose header stands at `at`, or undefined. Free-format bitrates are not recognised. */
export function mp3FrameAt(bytes: Uint8Array, at: number): Mp3Frame | undefined {
  if (at + 4 > bytes.length || bytes[at] !== 0xff || (bytes[at + 1] & 0xe0) !== 0xe0) return undefined;
  const version = (bytes[at + 1] >> 3) & 3; // 3 = MPEG 1, 2 = MPEG 2, 0 = MPEG 2.5
  const layer = (bytes[at + 1] >> 1) & 3; // 1 = layer III
  const bitrateIndex = bytes[at + 2] >> 4;
  const rateIndex = (bytes[at + 2] >> 2) & 3;
  if (version === 1 || layer !== 1 || bitrateIndex === 0 || bitrateIndex === 15 || rateIndex === 3) return undefined;
  const isMpeg1 = version === 3;
  const sampleRate = sampleRates[rateIndex] / (isMpeg1 ? 1 : version === 2 ? 2 : 4);
  const bitrate = 1000 * (isMpeg1 ? bitratesMpeg1 : bitratesMpeg2)[bitrateIndex];
  const channels = bytes[at + 3] >> 6 === 3 ? 1 : 2;
  const padding = (bytes[at + 2] >> 1) & 1;
  const length = Math.floor(((isMpeg1 ? 144 : 72) * bitrate) / sampleRate) + padding;
  const sideInfo = isMpeg1 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17;
  return { start: at, length, sampleRate, channels, numSamples: isMpeg1 ? 1152 : 576, sideInfo };
}

/**
 * The first frame of `bytes` from byte `from` on: a header whose next frames (or, where `isEnd`, the end of the bytes) stand where they
 * must, so that a stray 0xFFE in other data is not taken for MP3.
 */
export function findMp3Frame(bytes: Uint8Array, from: number, isEnd = true): Mp3Frame | undefined {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const frame = mp3FrameAt(bytes, at);
    if (frame && frame.length > 4 + frame.sideInfo && isFollowed(bytes, frame, isEnd)) return frame;
  }
  return undefined;
}

function isFollowed(bytes: Uint8Array, frame: Mp3Frame, isEnd: boolean): boolean {
  let end = frame.start + frame.length;
  for (let count = 0; count < 3; count++) {
    if (end + 4 > bytes.length) return count > 0 || (isEnd && end === bytes.length);
    const next = mp3FrameAt(bytes, end);
    if (!next || next.sampleRate !== frame.sampleRate) return false;
    end += next.length;
  }
  return true;
}
