"""Golden values for test/audio, from formulas written anew in numpy, scipy and torch; run by Debian's /usr/bin/python3:

    /usr/bin/python3 test/golden/audio/audio.py > test/golden/audio/audio.json
"""
import audioop
import json
import sys

import numpy as np
import scipy
import scipy.signal
import scipy.special
import torch

# The test signal of the reference: a sine at 440 Hz and a linear congruential generator's noise.
state = 12345
signal = np.empty(22050)
for n in range(22050):
    state = (1664525 * state + 1013904223) % 2**32
    signal[n] = 0.5 * np.sin(2 * np.pi * 440 * n / 22050) + 0.1 * (2 * state / 2**32 - 1)


def stft_power(x, n_fft, win_length, hop, pad_mode):
    """torch.stft with its own padding: [frames, bins]"""
    window = torch.hann_window(win_length, periodic=True, dtype=torch.float64)
    out = torch.stft(torch.tensor(x, dtype=torch.float64), n_fft, hop, win_length, window, center=True, pad_mode=pad_mode, return_complex=True)
    return (out.abs() ** 2).numpy().T


def slaney_hz_to_mel(f):
    f = np.asarray(f, dtype=float)
    return np.where(f >= 1000.0, 15.0 + np.log(np.maximum(f, 1e-9) / 1000.0) / (np.log(6.4) / 27.0), f / (200.0 / 3.0))


def slaney_mel_to_hz(m):
    return np.where(m >= 15.0, 1000.0 * np.exp((np.log(6.4) / 27.0) * (m - 15.0)), m * (200.0 / 3.0))


def librosa_mel(sr, n_fft, n_mels, fmin, fmax):
    """The steps of librosa.filters.mel(htk=False, norm='slaney'): ramps by outer subtraction."""
    points = slaney_mel_to_hz(np.linspace(slaney_hz_to_mel(fmin), slaney_hz_to_mel(fmax), n_mels + 2))
    ramps = np.subtract.outer(points, np.fft.rfftfreq(n_fft, 1.0 / sr))
    widths = np.diff(points)
    weights = np.array([np.maximum(0, np.minimum(-ramps[i] / widths[i], ramps[i + 2] / widths[i + 1])) for i in range(n_mels)])
    return weights * (2.0 / (points[2:] - points[:-2]))[:, None]


def torchaudio_mel(sr, n_fft, n_mels, f_min, f_max):
    """The steps of torchaudio.functional.melscale_fbanks(mel_scale='htk', norm=None), transposed: [mels, bins]."""
    bins = torch.linspace(0, sr // 2, n_fft // 2 + 1, dtype=torch.float64)
    low, high = (2595.0 * np.log10(1.0 + f / 700.0) for f in (f_min, f_max))
    points = 700.0 * (10.0 ** (torch.linspace(low, high, n_mels + 2, dtype=torch.float64) / 2595.0) - 1.0)
    diff = points[1:] - points[:-1]
    slopes = points[None] - bins[:, None]
    return torch.clamp(torch.minimum(-slopes[:, :-2] / diff[:-1], slopes[:, 2:] / diff[1:]), min=0).numpy().T


def sampled(matrix):
    flat = matrix.reshape(-1)
    return {
        "shape": list(matrix.shape),
        "mean": float(flat.mean()),
        "min": float(flat.min()),
        "max": float(flat.max()),
        "stride": 61,
        "values": [round(float(v), 8) for v in flat[::61]],
    }


def librosa_preset(x):
    mel = stft_power(x, 2048, 2048, 512, "constant") @ librosa_mel(22050, 2048, 128, 0.0, 11025.0).T
    db = 10.0 * np.log10(np.maximum(1e-10, mel))
    return np.maximum(db, db.max() - 80.0)


def torchaudio_preset(x):
    mel = stft_power(x, 1024, 400, 200, "reflect") @ torchaudio_mel(16000, 1024, 128, 0.0, 8000.0).T
    return 10.0 * np.log10(np.maximum(1e-10, mel))


def prototype(t):
    """rho sinc(rho t) Kaiser(t / 64), |t| < 64"""
    rho, beta = 0.9475937167399596, 14.769656459379492
    inside = np.abs(t) < 64
    u = np.where(inside, t / 64, 0)
    return np.where(inside, rho * np.sinc(rho * t) * scipy.special.i0(beta * np.sqrt(1 - u**2)) / scipy.special.i0(beta), 0)


def resampled(x, source, target):
    """y[t] = sum over i of scale * prototype(scale * (t source / target - i)) x[i], each output on its own"""
    scale = min(1.0, target / source)
    i = np.arange(len(x))
    return [round(float(np.sum(scale * prototype(scale * (t * source / target - i)) * x)), 10) for t in range(-(-len(x) * target // source))]


clip = signal[:600].astype(np.float32).astype(np.float64)
tone_with_burst = np.concatenate([np.zeros(6000), signal[:10000], np.zeros(6050)])
json.dump(
    {
        "source": f"test/golden/audio/audio.py; Python {sys.version.split()[0]}, numpy {np.__version__}, scipy {scipy.__version__}, torch {torch.__version__}",
        "aLaw": np.frombuffer(audioop.alaw2lin(bytes(range(256)), 2), np.int16).tolist(),
        "muLaw": np.frombuffer(audioop.ulaw2lin(bytes(range(256)), 2), np.int16).tolist(),
        "hamming660": scipy.signal.get_window("hamming", 660, fftbins=True)[::33].tolist(),
        "hann2048": scipy.signal.get_window("hann", 2048, fftbins=True)[::128].tolist(),
        "librosa": sampled(librosa_preset(signal)),
        "librosaTopDecibels": sampled(librosa_preset(tone_with_burst)),
        "torchaudio": sampled(torchaudio_preset(signal)),
        "resample": [
            {"from": source, "to": target, "numSamples": 600, "values": resampled(clip, source, target)}
            for source, target in [(48000, 22050), (16000, 22050), (22255, 22050), (44101, 22050), (8000, 11025), (96000, 16000)]
        ],
    },
    sys.stdout,
)
sys.stdout.write("\n")
