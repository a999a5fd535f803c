"""The HEAR API (hearbenchmark.com/hear-api.html): audio is a tensor [n, samples] at `model.sample_rate`."""

import numpy as np
import torch

from .encoder import Encoder


class HearModel(torch.nn.Module):
    """The encoder in the clothes of a module; it has no parameters and no gradients."""

    def __init__(self, path="", hop_ms=50):
        super().__init__()
        self.encoder = Encoder(path)
        self.hop_ms = hop_ms
        self.sample_rate = self.encoder.sample_rate
        self.scene_embedding_size = self.encoder.embedding_size
        self.timestamp_embedding_size = self.encoder.embedding_size

    def forward(self, audio):
        """[n, samples] -> [n, times, dim]"""
        return get_timestamp_embeddings(audio, self)[0]


def load_model(model_file_path=""):
    """The model of the package, or of another encoder.onnx."""
    return HearModel(model_file_path)


def get_scene_embeddings(audio, model):
    """[n, samples] -> float32 [n, dim]"""
    rows = [model.encoder.scene(samples) for samples in audio.detach().cpu().numpy()]
    return torch.from_numpy(np.stack(rows)).to(audio.device)


def get_timestamp_embeddings(audio, model):
    """[n, samples] -> float32 [n, times, dim] and their times in ms [n, times]"""
    rows, times = zip(*(model.encoder.timestamps(samples, model.hop_ms) for samples in audio.detach().cpu().numpy()))
    return torch.from_numpy(np.stack(rows)).to(audio.device), torch.from_numpy(np.stack(times)).to(audio.device)
