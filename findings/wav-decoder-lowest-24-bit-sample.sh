#!/bin/sh
# wav-decoder 1.3.0: the lowest 24-bit sample, -2^23, comes out at the other end of the scale.
#
# A clipped recording of 24 bits jumps from one rail to the other at its lowest samples. The next value up is right.
# Seen on 2026-11-30 with Node 20.20:  -8388608 -> 1.0000001192092896, -8388607 -> -0.9999998807907104
# Exits with 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit wav-decoder@1.3.0
cat > try.mjs <<'JAVASCRIPT'
import wavDecoder from 'wav-decoder';

// A plain WAV file: 24-bit PCM, mono, 8000 Hz, the samples -2^23 and 1 - 2^23.
const bytes = Buffer.alloc(50);
bytes.write('RIFF');
bytes.writeUInt32LE(42, 4);
bytes.write('WAVEfmt ', 8);
bytes.writeUInt32LE(16, 16);
bytes.writeUInt16LE(1, 20);
bytes.writeUInt16LE(1, 22);
bytes.writeUInt32LE(8000, 24);
bytes.writeUInt32LE(24000, 28);
bytes.writeUInt16LE(3, 32);
bytes.writeUInt16LE(24, 34);
bytes.write('data', 36);
bytes.writeUInt32LE(6, 40);
bytes.set([0, 0, 0x80, 1, 0, 0x80], 44);
const [lowest, next] = wavDecoder.decode.sync(new Uint8Array(bytes).buffer).channelData[0];
console.log(`-8388608 -> ${lowest}, -8388607 -> ${next}`);
process.exit(lowest > 0.99 && next < -0.99 ? 0 : 1);
JAVASCRIPT
node try.mjs
