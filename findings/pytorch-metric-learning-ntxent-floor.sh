#!/bin/sh
# pytorch-metric-learning 2.9.0, NTXentLoss in float32: no value above 87.34, and beyond it no gradient.
#
# The loss adds the smallest normal float32 (1.2e-38) to the softmax probability before the logarithm, so a positive whose probability is
# below it, which at low temperatures is every hard one, costs 87.34 and is not moved at all. The same rows in float64, and the definition
# (a logarithm of sums, without exponentials of differences), give 199.99 and a gradient of length 1.
# Seen on 2026-11-30 with torch 2.14.1:  float32 87.337 gradient 0.0; float64 199.990 gradient 1.414
# Exits with 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.14.1 numpy pytorch-metric-learning==2.9.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import torch
from pytorch_metric_learning.losses import NTXentLoss

rows = [[1.0, 0.0], [-1.0, 0.01], [1.0, 0.01], [-1.0, 0.0]]  # positives (0, 1) and (2, 3) are far apart, negatives near
labels = torch.tensor([0, 0, 1, 1])


def run(dtype):
    x = torch.tensor(rows, dtype=dtype, requires_grad=True)
    value = NTXentLoss(temperature=0.01)(x, labels)
    value.backward()
    return value.item(), x.grad.norm().item()


(low, low_gradient), (high, high_gradient) = run(torch.float32), run(torch.float64)
print(f"float32 {low:.3f} gradient {low_gradient}; float64 {high:.3f} gradient {high_gradient:.3f}")
sys.exit(0 if abs(low - 87.34) < 0.01 and low_gradient == 0 and abs(high - 199.99) < 0.01 and high_gradient > 1 else 1)
PYTHON
