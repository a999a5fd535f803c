#!/usr/bin/env bash
# The types of @tensorflow/tfjs-core 4.22.0 fail by themselves on TypeScript 6.0.3 where libraries are checked (skipLibCheck false): they name
# @webgpu/types 0.1.38, which contradicts the WebGPU of TypeScript's own DOM library, and a global `Long`, which is there only where
# @types/long is taken up by itself, as TypeScript 5.9.3 does. On 5.9.3 the same program passes.
# Seen: 5.9.3 exit code 0; 6.0.3 exit code 2, "hash_util.d.ts ... Cannot find name 'Long'" and TS2717 in @webgpu/types/dist/index.d.ts.
# Exits 0 while this holds, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund @tensorflow/tfjs-core@4.22.0 ts5@npm:typescript@5.9.3 ts6@npm:typescript@6.0.3
cat > program.ts <<'TS'
import * as tf from '@tensorflow/tfjs-core';
export const zeros: tf.Tensor = tf.zeros([2]);
TS
check() { node "node_modules/$1/lib/tsc.js" --noEmit --strict --module nodenext --target es2022 program.ts; }
check ts5 || { echo 'changed: TypeScript 5.9.3 refuses it too'; exit 1; }
if check ts6 > errors.txt; then echo 'changed: TypeScript 6.0.3 accepts it'; exit 1; fi
grep -q "hash_util.d.ts.*Cannot find name 'Long'" errors.txt || { echo 'changed: Long is found'; exit 1; }
grep -q '@webgpu/types/dist/index.d.ts.*TS2717' errors.txt || { echo 'changed: @webgpu/types fits'; exit 1; }
echo "as described: TypeScript 6.0.3 reports $(grep -c 'error TS' errors.txt) errors, none of them in the program"
