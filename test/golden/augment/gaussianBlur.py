"""Gaussian blur of a small patch by torchvision (separable, reflect-101 border), sigma by OpenCV's rule 0.3 ((k - 1) / 2 - 1) + 0.8.

    /usr/bin/python3 test/golden/augment/gaussianBlur.py > test/golden/augment/gaussianBlur.json

The patch is x[t, m] = ((t * 7 + m) * 7919 mod 1000 - 500) / 100, 9 frames by 7 bands.
"""
import json

import torch
import torchvision
from torchvision.transforms.functional import gaussian_blur

numFrames, nMels = 9, 7
index = torch.arange(numFrames * nMels).reshape(numFrames, nMels)
patch = ((index * 7919) % 1000 - 500).double() / 100


def sigma(k):
    return 0.3 * ((k - 1) / 2 - 1) + 0.8


results = []
for kernelFrames in (1, 3, 5):
    for kernelMels in (1, 3, 5):
        # torchvision's order is [x, y] = [mel, time]
        out = gaussian_blur(patch[None], [kernelMels, kernelFrames], [sigma(kernelMels), sigma(kernelFrames)])[0]
        results.append(dict(params=dict(kernelFrames=kernelFrames, kernelMels=kernelMels), values=[round(v, 9) for v in out.reshape(-1).tolist()]))
print(json.dumps(dict(source=f"torchvision {torchvision.__version__}, torch {torch.__version__}; recipe gaussianBlur.py", results=results)))
