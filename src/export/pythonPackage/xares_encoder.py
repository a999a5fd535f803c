"""The class that X-ARES looks for: python -m xares.run {{package}}/xares_encoder.py TASK.py"""

from {{package}}.hear import HearModel


class AudiosslEncoder(HearModel):
    """[batch, samples] -> [batch, times, dim], a vector every `hop_size_in_ms`."""

    def __init__(self, hop_ms=50):
        super().__init__(hop_ms=hop_ms)
        self.sampling_rate = self.sample_rate
        self.output_dim = self.timestamp_embedding_size
        frames = self.encoder.hop_frames(hop_ms)
        self.hop_size_in_ms = 1000 * frames * self.encoder.front_end["hopLength"] / self.sample_rate
