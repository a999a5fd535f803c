#!/bin/sh
# @wasm-audio-decoders/ogg-vorbis 0.1.20: a chunk of a stream that holds no sound yet is "decoded" to tens of thousands of channels.
#
# Who streams a file and gives decode() its first page alone, which holds the identification header and nothing else, gets a result whose
# channelData is as long, and whose sampleRate is as high, as places in memory say that nothing was written to: 6 MB of empty arrays and
# some milliseconds a file. channelData[0] is there and empty, so nothing looks wrong. The chunks behind it come out right.
# Seen on 2026-11-30 with Node 20.20, a file of libsndfile (soundfile 0.13.1), mono, 22050 Hz:
#   first page: 35952 channels, 36032 Hz, 0 samples; the rest: 1 channels, 22050 Hz, 22050 samples
# Exits with 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check soundfile==0.13.1 numpy==2.3.5
venv/bin/python - <<'PYTHON'
import numpy, soundfile
soundfile.write("tone.ogg", 0.3 * numpy.sin(numpy.arange(22050) * 0.1), 22050, format="OGG", subtype="VORBIS")
PYTHON
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit @wasm-audio-decoders/ogg-vorbis@0.1.20
cat > try.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';

const bytes = new Uint8Array(readFileSync('tone.ogg'));
const firstPage = 27 + bytes[26] + bytes.subarray(27, 27 + bytes[26]).reduce((sum, length) => sum + length, 0);
const decoder = new OggVorbisDecoder();
await decoder.ready;
const header = await decoder.decode(bytes.subarray(0, firstPage));
const rest = [await decoder.decode(bytes.subarray(firstPage)), await decoder.flush()];
const sound = rest.find(({ samplesDecoded }) => samplesDecoded > 0);
const told = ({ channelData, sampleRate, samplesDecoded }) => `${channelData.length} channels, ${sampleRate} Hz, ${samplesDecoded} samples`;
console.log(`first page: ${told(header)}; the rest: ${told(sound)}`);
process.exit(header.channelData.length > 255 && header.sampleRate !== 22050 && sound.channelData.length === 1 ? 0 : 1);
JAVASCRIPT
node try.mjs
