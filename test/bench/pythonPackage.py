"""Properties of an exported package that hear-validator and X-ARES do not ask for, and its numbers beside Node's.
Usage: pythonPackage.py NODE.json, with sound_encoder importable"""

import hashlib
import json
import os
import resource
import sys

import numpy as np
import sound_encoder

node = json.load(open(sys.argv[1]))
clips = [np.array(clip, np.float32) for clip in node["clips"]]
encoder = sound_encoder.Encoder()
weights = os.path.join(os.path.dirname(sound_encoder.__file__), "encoder.onnx")
before = hashlib.sha256(open(weights, "rb").read()).hexdigest()


def check(name, holds, said=""):
    print(f"{'ok' if holds else 'NO':3} {name} {said}")
    if not holds:
        sys.exit(1)


scenes = np.stack([encoder.scene(clip) for clip in clips])
check("finite", np.isfinite(scenes).all())
check("deterministic", all(np.array_equal(encoder.scene(clip), row) for clip, row in zip(clips, scenes)))
check("independent of order", all(np.array_equal(encoder.scene(clips[i]), scenes[i]) for i in (2, 0, 1)))
largest = np.abs(scenes).max()
for size in (1, 3, 1000):
    other = np.stack([sound_encoder.Encoder(batch_size=size).scene(clip) for clip in clips])
    difference = np.abs(other - scenes).max() / largest
    check(f"independent of chunks, {size} patches at once", difference < 1e-5, f"{difference:.1e} of the largest value")
difference = np.abs(scenes.ravel() - np.array(node["scene"])).max() / largest
check("scenes as in Node", difference < 1e-4, f"{difference:.1e}")
rows = [encoder.timestamps(clip, 200) for clip in clips]
difference = np.abs(np.stack([h for h, _ in rows]).ravel() - np.array(node["timestamps"])).max() / largest
check("timestamps as in Node", difference < 1e-4, f"{difference:.1e}")
check("their times as in Node", np.array_equal(np.concatenate([ms for _, ms in rows]), np.array(node["ms"])))

try:
    import torch
except ImportError:
    print("    no PyTorch here: no HEAR interface")
else:
    model = sound_encoder.load_model()
    audio = torch.from_numpy(np.stack(clips))
    together = sound_encoder.get_scene_embeddings(audio, model)
    alone = torch.cat([sound_encoder.get_scene_embeddings(audio[i : i + 1], model) for i in range(len(clips))])
    check("alone as in a batch", torch.equal(together, alone))
    _, ms = sound_encoder.get_timestamp_embeddings(audio, model)
    hop = ms[0].diff()
    check("hop of 50 ms or less, regular", bool((hop <= 50).all() and (hop - hop.mean()).abs().max() < 1e-6), f"{hop.mean():.3f} ms")
    check("no parameters to change", not list(model.parameters()))

minutes = 20
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
long = np.random.default_rng(0).standard_normal(minutes * 60 * encoder.sample_rate).astype(np.float32) * 0.1
h = encoder.scene(long)
added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
check(f"{minutes} minutes in bounded memory", np.isfinite(h).all() and added < 2048, f"{added:.0f} MiB more")
check("weights untouched", hashlib.sha256(open(weights, "rb").read()).hexdigest() == before)
