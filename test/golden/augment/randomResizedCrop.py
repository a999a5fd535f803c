"""Random resized crop as the authors do it: crop a 101 x 96 log-mel patch, resize it back with Pillow's bilinear filter.

    /usr/bin/python3 test/golden/augment/randomResizedCrop.py > test/golden/augment/randomResizedCrop.json

The patch is x[t, m] = sin(0.37 t) * cos(0.21 m) * 3 - 1 + 0.001 * ((t * 96 + m) * 7919 mod 1000 - 500), rounded to float32.
Every 37th value of each result is kept.
"""
import json

import numpy as np
import PIL
from PIL import Image

t = np.arange(101)[:, None]
m = np.arange(96)[None, :]
patch = (np.sin(0.37 * t) * np.cos(0.21 * m) * 3 - 1 + 0.001 * (((t * 96 + m) * 7919) % 1000 - 500)).astype(np.float32)

crops = [
    dict(firstFrame=0, numFrames=101, firstMel=0, numMels=96),
    dict(firstFrame=7, numFrames=88, firstMel=3, numMels=93),
    dict(firstFrame=1, numFrames=100, firstMel=17, numMels=78),
    dict(firstFrame=0, numFrames=101, firstMel=0, numMels=77),
    dict(firstFrame=13, numFrames=81, firstMel=0, numMels=96),
]
image = Image.fromarray(patch)
results = []
for c in crops:
    box = (c["firstMel"], c["firstFrame"], c["firstMel"] + c["numMels"], c["firstFrame"] + c["numFrames"])
    resized = np.asarray(image.crop(box).resize((96, 101), Image.BILINEAR))
    results.append(dict(params=c, every37th=[round(float(v), 6) for v in resized.reshape(-1)[::37]]))
print(json.dumps(dict(source=f"Pillow {PIL.__version__}, numpy {np.__version__}; recipe randomResizedCrop.py", results=results)))
