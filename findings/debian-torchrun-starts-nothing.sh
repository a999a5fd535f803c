#!/bin/sh
# torchrun of Debian 12 (python3-torch 1.13.1+dfsg-4, Python 3.11): with its defaults it starts nothing.
#
# Since Python 3.11 going over a Flag passes by its members of no and of several bits; torchrun looks for its default --redirects 0 among
# them, finds nothing and ends with "AttributeError: 'NoneType' object has no attribute 'get'". `-r 2 -t 2` (standard error into a file and
# shown as well) names a member of one bit, and works. torchrun of PyTorch 2.13 works without.
# Seen on 2026-11-30:  1.13.1+dfsg-4: defaults: 1, AttributeError: 1; -r 2 -t 2: 0
# Needs `apt-get install python3-torch`, which cannot be had in a folder of its own: exits with 77 without it, with 1 when that is no longer so.
set -eu
version=$(dpkg-query -W -f '${Version}' python3-torch 2>/dev/null) || { echo "needs Debian's python3-torch"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { /usr/bin/torchrun --standalone --nproc_per_node=1 "$@" --no_python true > "$folder/log" 2>&1; }
status=0
run || status=$?
error=$(grep -c "AttributeError: 'NoneType' object has no attribute 'get'" "$folder/log" || true)
other=0
run -r 2 -t 2 || other=$?
echo "$version: defaults: $status, AttributeError: $error; -r 2 -t 2: $other"
[ "$status" -ne 0 ] && [ "$error" -gt 0 ] && [ "$other" -eq 0 ]
