#!/bin/sh
# PyTorch 2.13.0, torch.compile on the CPU: what Inductor keeps on disk is found again by a process that computes with another instruction
# set (ATEN_CPU_CAPABILITY), whose half of the program then does not fit the half that was kept.
#
# The gradient of maximum pooling, compiled once at avx2: a second process at `default` with the same cache folder (by default one for all
# processes of a user) takes a graph from it that was written for vectors and stops at compiling it: 'vec' is not a member of 'at'. With an
# empty cache folder it gives the same gradient as the first. From avx512 to avx2 it compiles, and stops in the backward pass: index -48 is
# out of bounds for dimension 1 with size 2448. Who times a peer at several instruction sets needs a cache folder for each.
# Needs a C++ compiler and a processor with AVX2.
# Seen on 2026-12-01 with g++ 12.2:  avx2: 2097404.75; default, same cache: BackendCompilerFailed; default, empty cache: 2097404.75
# Exits with 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0
cat > "$folder/gradient.py" <<'PYTHON'
import torch
from torch import nn

torch.manual_seed(0)
network = nn.Sequential(nn.Conv2d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
network = network.to(memory_format=torch.channels_last)
images = torch.randn(8, 1, 101, 96).contiguous(memory_format=torch.channels_last)
try:
    torch.compile(network)(images).square().sum().backward()
    print(network[0].weight.grad.abs().sum().item())
except Exception as error:
    print(type(error).__name__)
PYTHON
run() { # run CAPABILITY CACHE
  ATEN_CPU_CAPABILITY=$1 TORCHINDUCTOR_CACHE_DIR=$folder/$2 "$folder/venv/bin/python" "$folder/gradient.py" 2>/dev/null | tail -n 1
}
first=$(run avx2 one)
same=$(run default one)
empty=$(run default two)
echo "avx2: $first; default, same cache: $same; default, empty cache: $empty"
case $first$empty in *[A-Za-z]*) exit 1 ;; esac
[ "$same" = BackendCompilerFailed ]
