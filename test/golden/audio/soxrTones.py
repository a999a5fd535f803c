"""What soxr (VHQ, the resampler that librosa uses in its better quality) makes of tones below and above the new Nyquist frequency.

Needs numpy and soxr: pip install soxr. Writes soxrTones.json beside this file.
"""
import json
import pathlib

import numpy as np
import soxr

below = [0.01, 0.2, 0.5, 0.7, 0.8]
above = [1.03, 1.1, 1.4, 1.9]
first, count = 2000, 40
cases = []
for source, target in [(44100, 22050), (48000, 22050), (48000, 16000), (96000, 22050), (44101, 22050), (16000, 22050)]:
    nyquist = min(source, target) / 2
    tones = [0.1 * np.sin(2 * np.pi * f * nyquist * np.arange(source // 2) / source) for f in below + above if f * nyquist < 0.99 * source / 2]
    out = soxr.resample(np.sum(tones, axis=0), source, target, quality="VHQ")
    cases.append({"from": source, "to": target, "values": [round(v, 9) for v in out[first : first + count].tolist()]})
result = {
    "source": f"soxrTones.py, soxr {soxr.__version__}, numpy {np.__version__}, float64",
    "below": below,
    "above": above,
    "first": first,
    "cases": cases,
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
