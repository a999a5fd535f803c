"""From samples to embeddings on onnxruntime, the same numbers as audiossl itself."""

import json
import os

import numpy as np
import onnxruntime


class Encoder:
    """An encoder with its front end. Audio is mono, in [-1, 1], at `sample_rate` Hz; nothing is resampled."""

    def __init__(self, path="", threads=0, batch_size=64):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads  # 0: one a core
        path = path or os.path.join(os.path.dirname(os.path.abspath(__file__)), "encoder.onnx")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.facts = json.loads(self.session.get_modelmeta().custom_metadata_map["audiossl"])
        self.front_end = self.facts["frontEnd"]
        self.sample_rate = self.front_end["sampleRate"]
        self.embedding_size = self.facts["embeddingSize"]
        self.patch_frames = self.facts["patchFrames"]
        self.batch_size = batch_size

    def scene(self, samples):
        """Samples [n] -> the mean of the embeddings of patches on a grid, float32 [dim]."""
        prepared, num_frames = self._prepare(samples)
        last = max(0, num_frames - self.patch_frames)
        starts = np.append(np.arange(0, last, self.facts["patchHop"]), last)
        return self._embed(prepared, num_frames, starts).mean(0, dtype=np.float64).astype(np.float32)

    def timestamps(self, samples, hop_ms=50):
        """Samples [n] -> embeddings float32 [times, dim] of patches centred at times [times] in ms, which never drift."""
        hop = self.hop_frames(hop_ms)
        prepared, num_frames = self._prepare(samples)
        starts = np.arange(0, 1 + len(samples) // (hop * self.front_end["hopLength"])) * hop
        times = 1000 * starts * self.front_end["hopLength"] / self.sample_rate
        return self._embed(prepared, num_frames, starts - self.patch_frames // 2), times

    def hop_frames(self, hop_ms):
        """Whole frames that come nearest to a hop."""
        return max(1, int(hop_ms * self.sample_rate / 1000 / self.front_end["hopLength"] + 0.5))

    def _prepare(self, samples):
        """Samples as the frames are cut from: levelled, filled up, padded; and the number of frames."""
        f = self.front_end
        x = np.asarray(samples, np.float32).astype(np.float64)
        if x.ndim != 1 or len(x) == 0 or not np.isfinite(x).all():
            raise ValueError(f"samples must be finite numbers [n], n > 0, got {np.shape(samples)}")
        if f["normalise"]:
            x = x - x.mean()
            x = (x / (np.abs(x).max() + f["headRoom"])).astype(np.float32).astype(np.float64)
        minimum = int(f["minSeconds"] * f["sampleRate"] + 0.5)
        if len(x) < minimum:
            x = np.resize(x, minimum) if f["fill"] == "repeat" else np.pad(x, (0, minimum - len(x)))
        x = x + f["waveformOffset"]
        if f["center"]:
            return np.pad(x, f["nFft"] // 2, f["padMode"]), 1 + len(x) // f["hopLength"]
        x = np.pad(x, (0, max(0, f["nFft"] - len(x))))
        return x, 1 + (len(x) - f["nFft"]) // f["hopLength"]

    def _embed(self, prepared, num_frames, starts):
        """Embeddings of patches that start at these frames; beyond the ends of the clip the frames are mirrored."""
        period = max(1, 2 * (num_frames - 1))
        frames = (starts[:, None] + np.arange(self.patch_frames)) % period
        frames = np.minimum(frames, period - frames)
        batches = [frames[i : i + self.batch_size] for i in range(0, len(frames), self.batch_size)]
        inputs = [self._inputs(prepared, batch) for batch in batches]
        extra = {}
        if self.front_end["topDecibels"] is not None:
            extra["lowest"] = np.array(self._loudest(prepared, num_frames) - np.float32(self.front_end["topDecibels"]))
        return np.concatenate([self.session.run(["embedding"], {**feed, **extra})[0] for feed in inputs])

    def _inputs(self, prepared, frames):
        """The stretch of samples that a batch of patches needs, and its frames counted from there."""
        low, hop = int(frames.min()), self.front_end["hopLength"]
        return {"samples": prepared[low * hop : int(frames.max()) * hop + self.front_end["nFft"]], "frames": frames - low}

    def _loudest(self, prepared, num_frames):
        """Largest log-mel value of the clip."""
        values = []
        for first in range(0, num_frames, 1000):
            frames = np.arange(first, min(first + 1000, num_frames))
            feed = self._inputs(prepared, frames[None, :])
            feed["frames"] = np.zeros((0, self.patch_frames), np.int64)
            values.append(self.session.run(["loudest"], {**feed, "lowest": np.array(-np.inf, np.float32)})[0])
        return max(values)
