#!/bin/sh
# torchaudio 2.9.1, transforms.Resample: for rates without a common divisor the kernel holds (about) the product of both.
#
# Each output phase gets a row as long as the input's whole period, nearly all of it zeros. From 4,000 to 2,000 Hz that is 28 values, from
# 4,001 to 2,000 Hz 8 million, 0.6 % of them other than 0; from 44,101 to 22,050 Hz it would be 973 million (3.9 GB, and several times that
# while it is made), for some 25 taps an output. Recorders whose clock is measured do write such rates.
# Seen on 2026-11-30 with torch 2.9.1:  4000 -> 2000: 28 values, 25 not 0; 4001 -> 2000: 8054000 values, 48497 not 0
# Exits with 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.9.1 torchaudio==2.9.1
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from torchaudio.transforms import Resample

kernels = {rate: Resample(rate, 2000).kernel for rate in (4000, 4001)}
print("; ".join(f"{rate} -> 2000: {kernel.numel()} values, {int((kernel != 0).sum())} not 0" for rate, kernel in kernels.items()))
sys.exit(0 if kernels[4000].numel() < 100 and kernels[4001].numel() > 8_000_000 else 1)
PYTHON
