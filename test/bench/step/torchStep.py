#!/usr/bin/python3
"""The peer of step.mjs: one ACL training step of ResNet-18 in PyTorch on the CPU, any PyTorch from 1.13 on.

    torchStep.py [--variant eager|channels-last|compile] [--mode fp32|bf16] [--threads N] [--pairs 64] [--steps 5]

Prints one JSON object: patches/s of the training step (median of --steps), patches/s of the evaluation forward pass, peak memory.
channels-last and compile (torch.compile, in channels last) are what an experienced user would take.

Work per step, the same for whoever is compared: 2N log-mel patches of 101 x 96, ResNet-18 with a 7x7 stride-2 stem
and one input channel, head 512 -> 512 (batch norm, ReLU) -> 512, NT-Xent (temperature 0.2) on the L2-normalised
projections z plus the angular margin term (0.5 rad) on the L2-normalised embeddings h, backward, SGD with momentum 0.9
and weight decay 1e-4. Compare within one run, interleaved, on an otherwise idle machine.
"""
import argparse, json, os, re, statistics, time
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    """Two 3 x 3 convolutions and a shortcut. Written out, so that a PyTorch without torchvision is a peer too."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + shortcut)


def resnet18():
    stages = [Block(i, o, s) for i, o, s in [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1),
                                             (256, 512, 2), (512, 512, 1)]]
    encoder = nn.Sequential(nn.Conv2d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1),
                            *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for m in encoder.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
    assert sum(p.numel() for p in encoder.parameters()) == 11_170_240
    return encoder


def projection_head():
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 512))


def acl(h, z, temperature=0.2, margin=0.5, alpha=0.3):
    n2 = h.shape[0]
    z, h = F.normalize(z, dim=1), F.normalize(h, dim=1)
    eye = torch.eye(n2, dtype=torch.bool)
    positive = torch.roll(eye, n2 // 2, dims=1)
    logits = (z @ z.t() / temperature).masked_fill(eye, float("-inf"))
    contrastive = F.cross_entropy(logits, positive.float().argmax(1))
    angle = torch.acos((h @ h.t()).clamp(-1 + 1e-6, 1 - 1e-6))
    pull = (angle ** 2)[positive].sum()
    push = ((margin - angle).clamp(min=0) ** 2)[~positive & ~eye].sum()
    return alpha * contrastive + (1 - alpha) * (pull + push) / 25


def peak_mib():
    """Peak resident memory of this program. ru_maxrss would do, but a child starts with its parent's, which may be larger."""
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) // 1024


def run(variant, mode, threads, pairs, steps):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    encoder, head = resnet18(), projection_head()
    x = torch.randn(2 * pairs, 1, 101, 96)
    if variant != "eager":
        encoder, x = encoder.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    opt = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.03, momentum=0.9, weight_decay=1e-4)
    autocast = lambda: torch.autocast("cpu", dtype=torch.bfloat16, enabled=mode == "bf16")

    def loss_of(x):
        with autocast():
            h = encoder(x)
            z = head(h)
        return acl(h.float(), z.float())

    def embed(x):
        with autocast():
            return encoder(x)

    if variant == "compile":
        loss_of, embed = torch.compile(loss_of), torch.compile(embed)

    def step():
        opt.zero_grad()
        loss_of(x).backward()
        opt.step()

    def forward():
        with torch.no_grad():
            embed(x)

    def timed(f):
        f()  # and a second time where the first one compiled
        if variant == "compile":
            f()
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            f()
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds)

    train = timed(step)
    encoder.eval()
    infer = timed(forward)
    config = torch.__config__.show()
    one_dnn = re.search(r"MKL-DNN v([\d.]+)", config)
    print(json.dumps({"peer": "PyTorch " + torch.__version__, "variant": variant, "mode": mode, "pairs": pairs,
                      "threads": torch.get_num_threads(), "trainPatchesPerSecond": round(2 * pairs / train, 1),
                      "embedPatchesPerSecond": round(2 * pairs / infer, 1), "peakRssMiB": peak_mib(),
                      "oneDnn": one_dnn.group(1) if one_dnn else None,
                      "simd": re.search(r"CPU capability usage: (\S+)", config).group(1)}), flush=True)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--variant", choices=["eager", "channels-last", "compile"], default="channels-last")
    p.add_argument("--mode", choices=["fp32", "bf16"], default="fp32")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--pairs", type=int, default=64)
    p.add_argument("--steps", type=int, default=5)
    a = p.parse_args()
    run(a.variant, a.mode, a.threads, a.pairs, a.steps)
