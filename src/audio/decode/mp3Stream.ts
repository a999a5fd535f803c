import type { ByteSource } from './byteSource.js';
import { findMp3Frame, type Mp3Frame, mp3FrameAt } from './mp3Frames.js';
import { id3Length, skipTags } from './tags.js';

/** A run of whole frames that stand one behind the other. */
export interface Mp3Run {
  bytes: Uint8Array;
  numFrames: number;
}

export interface Mp3Walk {
  first: Mp3Frame;
  /** Rates of later frames that are not the first one's. */
  otherRate?: number;
  /** Whole frames so far. */
  numFrames: number;
  /** Bytes between frames that are no tag and no zeros. */
  numSkipped: number;
  /** The last frame is not whole. */
  isCut: boolean;
}

/** Bytes looked through for the next frame at a time, and what a run holds at most. */
const pieceBytes = 2 ** 16;
/** Layer III frames are at most 1,441 bytes; a header must be seen with the three that follow. */
const overlap = 8192;

/** The first frame at or behind byte `from`, its place in the source; tags and zeros are skipped, then `reach` bytes looked through. */
export function firstMp3Frame(source: ByteSource, from: number, reach: number): Mp3Frame | undefined {
  const start = skipTags(source, from);
  for (let at = start; at < Math.min(source.size, start + reach); at += pieceBytes) {
    const bytes = source.read(at, pieceBytes + overlap);
    const frame = findMp3Frame(bytes, 0, at + bytes.length >= source.size);
    if (frame !== undefined) return { ...frame, start: at + frame.start };
  }
  return undefined;
}

/**
 * Walks the frames from `walk.first` on, in runs of some 64 kB, past tags, zeros and whatever else lies between; what is found on the way
 * is noted in `walk`. Ends where no further frame is found, so that what stands behind the sound does not matter.
 */
export function* mp3Runs(source: ByteSource, walk: Mp3Walk): Generator<Mp3Run, void> {
  let at = walk.first.start;
  while (at < source.size) {
    const bytes = source.read(at, pieceBytes + overlap);
    let end = 0;
    let numFrames = 0;
    let isStuck = false;
    while (end < pieceBytes && at + end < source.size) {
      const frame = mp3FrameAt(bytes, end);
      if (frame === undefined || frame.length === 0) {
        isStuck = true;
        break;
      }
      if (frame.start + frame.length > bytes.length) {
        walk.isCut = true;
        isStuck = true;
        break;
      }
      if (frame.sampleRate !== walk.first.sampleRate) walk.otherRate ??= frame.sampleRate;
      numFrames++;
      end += frame.length;
    }
    walk.numFrames += numFrames;
    if (numFrames > 0) yield { bytes: bytes.subarray(0, end), numFrames };
    at += end;
    if (!isStuck) continue;
    const rest = nextFrame(source, at);
    if (rest === undefined) return;
    walk.numSkipped += rest.numStray;
    walk.isCut = false;
    at = rest.start;
  }
}

/** Where the next frame behind what is none at `at` starts, and how many bytes before it are neither tag nor zeros. */
function nextFrame(source: ByteSource, at: number): { start: number; numStray: number } | undefined {
  const behindTags = skipTags(source, at);
  const frame = firstMp3Frame(source, behindTags === at ? at + 1 : behindTags, 2 ** 20);
  if (frame === undefined) return undefined;
  // ID3v1: 128 bytes at the end of a file that another one was hung on to.
  const isTag = String.fromCharCode(...source.read(at, 3)) === 'TAG' || id3Length(source.read(at, 10)) > 0;
  return { start: frame.start, numStray: isTag || behindTags === frame.start ? 0 : frame.start - behindTags };
}
