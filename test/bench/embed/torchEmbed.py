"""The peer of embed.mjs: torchEmbed.py FOLDER OUT.npz [--variant channels-last|compile|eager] [--threads N] [--workers 2]

What a user of PyTorch writes: soundfile in a DataLoader of two workers, log-mel by torch.stft and librosa's mel matrix (torchaudio's own
arithmetic, which any PyTorch has), soxr where the rate differs, ResNet-18 in evaluation mode on about 126 patches at once, the mean of h over
a clip's patches, numpy.savez. The patches are ours: 101 frames every 50, the last one at the end.
"""
import argparse, os, sys

import librosa, numpy, soundfile, soxr, torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "step"))
from torchStep import resnet18

options = argparse.ArgumentParser()
options.add_argument("folder")
options.add_argument("out")
options.add_argument("--variant", default="channels-last")
options.add_argument("--threads", type=int, default=2)
options.add_argument("--workers", type=int, default=2)
options = options.parse_args()

rate, patchFrames, patchHop, clipsAtOnce = 22050, 101, 50, 14
window = torch.hamming_window(660)
bank = torch.from_numpy(librosa.filters.mel(sr=rate, n_fft=2048, n_mels=96, fmin=50, fmax=10500, norm=None))


class Clips(torch.utils.data.Dataset):
    def __init__(self, folder):
        self.files = sorted(os.path.join(folder, name) for name in os.listdir(folder))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        samples, fileRate = soundfile.read(self.files[index], dtype="float32")
        if fileRate != rate:
            samples = soxr.resample(samples, fileRate, rate)
        x = torch.from_numpy(samples)
        x = x - x.mean()
        x = x / (x.abs().max() + 0.005)
        spectrum = torch.stft(x, 2048, 220, 660, window, center=True, pad_mode="reflect", return_complex=True)
        mel = torch.log10(bank @ spectrum.abs().square() + 1.1e-8).T
        starts = list(range(0, mel.shape[0] - patchFrames + 1, patchHop))
        if starts[-1] != mel.shape[0] - patchFrames:
            starts.append(mel.shape[0] - patchFrames)
        return torch.stack([mel[start : start + patchFrames] for start in starts])


def together(clips):
    return torch.cat(clips).unsqueeze(1), [len(clip) for clip in clips]


def one_thread(_):
    torch.set_num_threads(1)


if __name__ == "__main__":
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    encoder = resnet18().eval()
    if options.variant != "eager":
        encoder = encoder.to(memory_format=torch.channels_last)
    if options.variant == "compile":
        encoder = torch.compile(encoder)
    files = Clips(options.folder)
    loader = torch.utils.data.DataLoader(
        files, batch_size=clipsAtOnce, num_workers=options.workers, collate_fn=together, worker_init_fn=one_thread
    )
    rows, patches = [], 0
    with torch.inference_mode():
        for x, counts in loader:
            if options.variant != "eager":
                x = x.to(memory_format=torch.channels_last)
            h = encoder((x + 4.5) / 4.4)
            rows.extend(part.mean(0) for part in h.split(counts))
            patches += len(x)
    numpy.savez(options.out, embeddings=torch.stack(rows).numpy(), ids=numpy.array(files.files))
    print(f"{len(rows)} clips, {patches} patches")
