#!/usr/bin/python3
"""Golden values of `audiossl import`: a narrow ResNet-18 of torchvision with three input channels and an fc, as it is trained on pictures, fed
with a log-mel shown three times.

Run by a Python with torch and torchvision; writes torchvisionImport.json beside itself. Weights come from `fill` of ../nn/networks.py with
the names of the whole state dict, so none is stored; inputs too. Width 16, in float64.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "nn"))
import numpy as np
import torch
import torchvision
from networks import digits, fill, narrow_resnet18, scatter
from torch import nn

network = narrow_resnet18(16, nn.AdaptiveAvgPool2d(1))
network.conv1 = nn.Conv2d(3, 16, 7, 2, 3, bias=False)
network.fc = nn.Linear(128, 5)
with torch.no_grad():
    fill(network.double()).eval()
    network.fc = nn.Identity()
    shape = [2, 1, 37, 40]
    x = torch.from_numpy(scatter(int(np.prod(shape)), 1000, 2).astype(np.float32).astype(np.float64)).reshape(shape)
    embedding = network(x.expand(-1, 3, -1, -1))
golden = {
    "source": f"torchvisionImport.py with torch {torch.__version__}, torchvision {torchvision.__version__}, float64",
    "shape": [2, 37, 40],
    "embedding": digits(embedding.numpy()),
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "torchvisionImport.json"), "w") as file:
    json.dump(golden, file)
    file.write("\n")
