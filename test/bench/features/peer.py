"""One process of features.mjs: peer.py torchaudio|librosa SECONDS FILE...; waits for a line, prints a JSON line a file.

The front end of the default preset in each library's own words; what does not depend on the file is made before.
"""
import json
import os
import statistics
import sys
import time

library, seconds, files = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
rate = 22050
mel = dict(n_mels=96, hop_length=220, win_length=660, n_fft=2048)

if library == "torchaudio":
    import soundfile
    import torch
    import torchaudio

    torch.set_num_threads(1)
    version = torchaudio.__version__
    melSpectrogram = torchaudio.transforms.MelSpectrogram(
        rate, f_min=50, f_max=10500, window_fn=torch.hamming_window, mel_scale="slaney", **mel
    )
    resamplers = {}

    def features(file):
        samples, fileRate = soundfile.read(file, dtype="float32")
        x = torch.from_numpy(samples)
        if fileRate != rate:
            if fileRate not in resamplers:
                resamplers[fileRate] = torchaudio.transforms.Resample(fileRate, rate)
            x = resamplers[fileRate](x)
        x = x - x.mean()
        x = x / (x.abs().max() + 0.005)
        with torch.inference_mode():
            return torch.log10(melSpectrogram(x) + 1.1e-8).numpy()
else:
    import librosa
    import numpy

    version = librosa.__version__
    bank = librosa.filters.mel(sr=rate, n_fft=2048, n_mels=96, fmin=50, fmax=10500, norm=None)

    def features(file):
        x, _ = librosa.load(file, sr=rate)
        x = x - x.mean()
        x = x / (numpy.abs(x).max() + 0.005)
        power = numpy.abs(librosa.stft(x, n_fft=2048, hop_length=220, win_length=660, window="hamming")) ** 2
        return numpy.log10(bank @ power + 1.1e-8)


print("ready", flush=True)
sys.stdin.readline()
for file in files:
    sampleRate = int(os.path.basename(file).removesuffix(".wav"))
    if library == "torchaudio" and sampleRate == 44101:
        # Its kernel has a row a phase and a column an input of a period: 22,050 x 44,113 values and copies of them, over 22 GB.
        print(json.dumps({"sampleRate": sampleRate, "rate": 0, "processorRate": 0}))
        continue
    shape = features(file).shape
    times, processor = [], float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start, before = time.perf_counter(), time.process_time()
        features(file)
        processor = min(processor, time.process_time() - before)
        times.append(time.perf_counter() - start)
    print(json.dumps({"sampleRate": sampleRate, "rate": 30 / statistics.median(times), "processorRate": 30 / processor, "version": version, "shape": shape}))
