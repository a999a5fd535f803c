#!/bin/sh
# usearch 2.25.3 (npm) on Linux: `view`, which maps an index file into memory, opens it with O_NOATIME, which the system grants to the owner of
# a file (and to root) alone. An index that everybody may read is refused to other users as "Operation not permitted", while `load`, which
# reads the same file, works: an index on a shared disk can be viewed by whoever built it and by nobody else.
# Needs Node.js 20 and to be root, to become another user.
# Seen on 2026-12-01 with Node.js 20 on x86-64:  owner: view 1, load 1; another user: view Operation not permitted, load 1
# Exits with 1 when that is no longer so.
set -eu
[ "$(id -u)" -eq 0 ] || { echo "needs root, to become another user"; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent usearch@2.25.3
cat > program.cjs <<'JS'
const { Index } = require('usearch');
const create = () => new Index({ metric: 'ip', dimensions: 2, connectivity: 16, quantization: 'f32' });
const tried = (how) => {
  const index = create();
  try {
    index[how]('file.usearch');
    return Number(index.size());
  } catch (error) {
    return error.message;
  }
};
if (process.argv[2] === 'make') {
  const index = create();
  index.add(7n, Float32Array.of(1, 0));
  index.save('file.usearch');
}
if (process.argv[2] === 'other') process.setuid(65534);
console.log(`view ${tried('view')}, load ${tried('load')}`);
JS
owner=$(node program.cjs make)
chmod -R a+rX "$folder"
other=$(node program.cjs other)
echo "owner: $owner; another user: $other"
[ "$owner" = "view 1, load 1" ] && [ "$other" = "view Operation not permitted, load 1" ]
