import { concatBytes } from '../../util/bytes.js';
import type { ByteSource } from './byteSource.js';
import { convertLine } from './convertLine.js';
import { type DecodeContext, type DecodedStream, decodeError, reportDamage } from './decodedAudio.js';
import { type OggCodec, type OggCodecKind, otherOggCodecs, packetStartsWith } from './oggCodec.js';
import { oggFlac } from './oggFlac.js';
import { oggOpus } from './oggOpus.js';
import { type OggPage, type OggWalk, oggPages } from './oggPages.js';
import { oggVorbis } from './oggVorbis.js';

const codecs: OggCodecKind[] = [oggVorbis, oggOpus, oggFlac];

/** The stream of sound that is being decoded. */
interface Link {
  serial: number;
  codec: OggCodec;
  headers: Uint8Array[];
  isStarted: boolean;
  /** Number that the next page should have. */
  nextSequence: number;
  /** The packet that goes on on the next page. */
  open?: Uint8Array[];
  /** Samples that came out, all told, before anything was dropped. */
  numDecoded: number;
  /** Position of the first of them: not 0 in a stream that was joined in its middle. */
  origin?: number;
  /** Position at the end of the last page. */
  lastGranule: number;
  numMissingPages: number;
  isEnded: boolean;
  /** What the last page gave, held back: its end may have to be cut. */
  held: { channels: Float32Array[]; first: number }[];
}

/**
 * Opens an Ogg file: the first stream of Vorbis, Opus or FLAC in it, and where files were hung one behind the other those that follow at
 * the same rate. Films beside the sound (cover pictures) are left out with a warning, as is a second stream of sound. A stream may start in
 * its middle and end without an end mark. Damage: a page whose checksum is wrong or that is missing, a last page that is cut off, fewer
 * samples than the last page's position says.
 */
export async function openOgg(source: ByteSource, offset: number, context: DecodeContext): Promise<DecodedStream> {
  const walk: OggWalk = { badPages: [], isCut: false, numSkipped: 0 };
  const pages = oggPages(source, offset, walk);
  const found: string[] = [];
  // Not for-of, which would end the walk when it is left.
  for (let next = pages.next(); !next.done; next = pages.next()) {
    const page = next.value;
    if (page.pieces.length === 0) continue;
    const kind = codecOf(page);
    if (kind !== undefined) {
      const link = await openLink(page, kind, context);
      const { sampleRate, numChannels, format } = link.codec;
      return { sampleRate, numChannels, format, blocks: oggBlocks(pages, walk, link, found, context) };
    }
    const name = otherOggCodecs.find(([, start]) => packetStartsWith(page.pieces[0], start))?.[0];
    if (page.isFirst) found.push(name ?? 'an unknown codec');
    else if (found.length === 0) break;
  }
  const { file } = context;
  if (found.length > 0) throw decodeError(file, `Ogg with ${found.join(' and ')}, expected Vorbis, Opus or FLAC; ${convertLine(file)}`);
  throw decodeError(file, 'Ogg without the headers of its stream, which nothing can decode; get the beginning of the recording');
}

const codecOf = ({ pieces }: OggPage) => codecs.find(({ start }) => packetStartsWith(pieces[0], start));

async function openLink(page: OggPage, kind: OggCodecKind, context: DecodeContext): Promise<Link> {
  return {
    serial: page.serial,
    codec: await kind.open(page.pieces[0], context),
    headers: [page.pieces[0]],
    isStarted: false,
    nextSequence: page.sequence + 1,
    numDecoded: 0,
    lastGranule: 0,
    numMissingPages: 0,
    isEnded: page.isLast,
    held: [],
  };
}

async function* oggBlocks(
  pages: Generator<OggPage, void>,
  walk: OggWalk,
  first: Link,
  found: string[],
  context: DecodeContext,
): AsyncGenerator<Float32Array[], void> {
  const { file, warnings } = context;
  let link = first;
  let numFrames = 0;
  let numSecond = 0;
  const count = (blocks: Float32Array[][]) => {
    for (const [channel] of blocks) numFrames += channel.length;
    return blocks;
  };
  for (const page of pages) {
    if (page.serial === link.serial && !page.isFirst) {
      yield* count(await takePage(link, page));
      continue;
    }
    const kind = page.pieces.length > 0 ? codecOf(page) : undefined;
    if (kind === undefined) {
      if (page.isFirst)
        found.push(otherOggCodecs.find(([, start]) => packetStartsWith(page.pieces[0] ?? new Uint8Array(0), start))?.[0] ?? 'unknown');
      continue;
    }
    // A beginning behind sound is the next link of a chain; before it, a second stream beside the first.
    if (!link.isStarted || !page.isFirst) {
      numSecond++;
      continue;
    }
    yield* count(await endLink(link, walk, context));
    const { sampleRate, numChannels } = link.codec;
    link = await openLink(page, kind, context);
    if (link.codec.sampleRate !== sampleRate || link.codec.numChannels !== numChannels)
      throw decodeError(
        file,
        `Ogg changes from ${sampleRate} Hz and ${numChannels} channels to ${link.codec.sampleRate} and ${link.codec.numChannels}; ${convertLine(file)}`,
      );
  }
  yield* count(await endLink(link, walk, context));
  if (numSecond > 0) warnings.push('Ogg holds a second stream of sound, which was left out');
  if (found.length > 0) warnings.push(`Ogg holds ${[...new Set(found)].join(', ')} beside the sound, which was left out`);
  if (numFrames === 0) throw decodeError(file, `${link.codec.format}: 0 samples were decoded; the file is broken, get a whole copy`);
}

/** Decodes what ends on a page; the blocks of the page before, which is now known not to be the last. */
async function takePage(link: Link, page: OggPage): Promise<Float32Array[][]> {
  const hasHole = page.sequence !== link.nextSequence;
  link.nextSequence = page.sequence + 1;
  link.isEnded = page.isLast;
  // Between the headers and the first sound a gap is where a listener joined.
  if (hasHole && link.numDecoded > 0) link.numMissingPages++;
  const packets = completePackets(link, page, hasHole);
  if (!link.isStarted) {
    while (link.headers.length < link.codec.numHeaders && packets.length > 0) link.headers.push(packets.shift() as Uint8Array);
    if (link.headers.length < link.codec.numHeaders) return [];
    await link.codec.start(link.headers);
    link.isStarted = true;
  }
  if (packets.length === 0) return [];
  const channels = await link.codec.decode(packets);
  const ready: Float32Array[][] = [];
  if (channels !== undefined) {
    for (const block of link.held) ready.push(...cutBlock(link, block));
    link.held = [{ channels, first: link.numDecoded }];
    link.numDecoded += channels[0].length;
  }
  if (page.granule !== undefined) {
    // On the very first page of sound: where it starts. A last page may say that its end is to be cut instead.
    link.origin ??= page.isLast ? Math.max(0, page.granule - link.numDecoded) : page.granule - link.numDecoded;
    link.lastGranule = Math.max(link.lastGranule, page.granule);
  }
  return ready;
}

/** The packets that end on the page; one that lost its beginning or its end is dropped. */
function completePackets(link: Link, page: OggPage, hasHole: boolean): Uint8Array[] {
  const packets: Uint8Array[] = [];
  if (hasHole || !page.isContinued) link.open = undefined;
  page.pieces.forEach((piece, i) => {
    const goesOn = i === 0 && page.isContinued;
    if (goesOn && link.open === undefined) return;
    const pieces = goesOn ? [...(link.open ?? []), piece] : [piece];
    if (i === page.pieces.length - 1 && page.isOpen) link.open = pieces;
    else {
      link.open = undefined;
      packets.push(pieces.length === 1 ? piece : concatBytes(pieces));
    }
  });
  return packets;
}

/** The part of a block that stands inside the stream: behind what is to be skipped, before the end that the last page gives. */
function cutBlock(
  link: Link,
  { channels, first }: { channels: Float32Array[]; first: number },
  end = Number.POSITIVE_INFINITY,
): Float32Array[][] {
  const start = Math.max(link.codec.preSkip, -(link.origin ?? 0));
  const [from, to] = [Math.max(0, start - first), Math.min(channels[0].length, end - first)];
  if (to <= from) return [];
  return [from === 0 && to === channels[0].length ? channels : channels.map((channel) => channel.subarray(from, to))];
}

/** What was held back, cut where the last page says; checks that all that is promised came out. */
async function endLink(link: Link, walk: OggWalk, context: DecodeContext): Promise<Float32Array[][]> {
  const { codec, numDecoded, numMissingPages, lastGranule, origin = 0 } = link;
  const { warnings } = context;
  const promised = lastGranule - origin;
  const blocks = link.held.flatMap((block) => cutBlock(link, block, promised));
  link.held = [];
  const problems = [
    ...walk.badPages.slice(0, 2).map((number) => `page ${number} has a wrong checksum`),
    ...(numMissingPages > walk.badPages.length ? [`${numMissingPages} ${numMissingPages === 1 ? 'page is' : 'pages are'} missing`] : []),
    ...(walk.isCut ? ['the last page is cut off'] : []),
    ...(walk.numSkipped > 0 ? [`${walk.numSkipped} bytes between pages are no page`] : []),
  ];
  if (problems.length > 0) reportDamage(context, `damaged or cut off: ${problems.join(', ')} (${numDecoded} samples were decoded)`);
  else if (numDecoded < promised)
    reportDamage(context, `damaged: ${numDecoded} samples were decoded, the last Ogg page promises ${promised}`);
  else if (codec.errors.length > 0) reportDamage(context, `damaged: the decoder reported "${codec.errors[0]}" in ${numDecoded} samples`);
  else codec.finish?.();
  Object.assign(walk, { badPages: [], numSkipped: 0 });
  if (link.isStarted && !link.isEnded && !walk.isCut)
    warnings.push('the page that ends the Ogg stream is missing: used to the end of the file');
  if (origin > 0) warnings.push(`the Ogg stream was joined ${(origin / codec.sampleRate).toFixed(1)} s after its beginning`);
  await codec.release();
  return blocks;
}
