#!/bin/sh
# lightly 1.6.0, the memory bank of NTXentLoss: where a batch does not fit before the bank's end, the rest of it is dropped.
#
# With a bank of 10 and batches of 6 the second batch fills rows 6 to 9; its last two keys are thrown away and the pointer goes back to 0.
# A queue as in MoCo (first in, first out) would put them into rows 0 and 1; MoCo itself refuses such sizes. Nothing is said about it.
# Seen on 2026-11-30 with torch 2.14.1:  keys of batch 2 in the bank: 4 of 6, pointer 0
# Exits with 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.14.1 torchvision==0.29.1 lightly==1.6.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import torch
from lightly.loss import NTXentLoss

loss = NTXentLoss(temperature=0.5, memory_bank_size=(10, 2))
batches = torch.nn.functional.normalize(torch.arange(1.0, 25.0).reshape(2, 6, 2), dim=2)
for keys in batches:
    loss(keys.clone().requires_grad_(), keys)
bank = loss.memory_bank.bank
kept = sum(bool(torch.isclose(bank, key).all(dim=1).any()) for key in batches[1])
print(f"keys of batch 2 in the bank: {kept} of 6, pointer {int(loss.memory_bank.bank_ptr)}")
sys.exit(0 if kept == 4 and int(loss.memory_bank.bank_ptr) == 0 else 1)
PYTHON
