"""Embeddings of sound by a model of audiossl: with NumPy (Encoder), and with PyTorch as the HEAR API asks for it."""

from .encoder import Encoder

__all__ = ["Encoder"]

try:
    import torch
except ImportError:
    torch = None

if torch is not None:
    from .hear import HearModel, get_scene_embeddings, get_timestamp_embeddings, load_model

    __all__ += ["HearModel", "get_scene_embeddings", "get_timestamp_embeddings", "load_model"]
