#!/usr/bin/python3
"""Golden values of the encoders and the projection head: outputs, gradients and running statistics from torch and torchvision, in float64.

Run by Debian's /usr/bin/python3 (python3-torch 1.13.1, python3-torchvision); writes resnet18.json, resnet18MeanMax.json,
resnet18MeanDeviation.json, resnet18LastTwo.json, vgg.json, crnn.json, supCnn.json and projectionHead*.json beside itself.
Weights and inputs come from `scatter`, the same formula as in test/ops/numeric.ts, so none is stored.
Each network sees two parts of a batch one after the other, as two views; the loss is the sum of outputs times scatter.
"""
import json
import os
import numpy as np
import torch
import torchvision
from torch import nn


def scatter(length, key, amplitude):
    x = 43758.5453 * np.sin(12.9898 * (np.arange(length, dtype=np.float64) + 1) + 78.233 * key)
    return amplitude * (2 * (x - np.floor(x)) - 1)


def fill(module):
    """Weights by name: see `goldenWeights` in goldenNetwork.ts."""
    state = {name: value for name, value in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    for key, name in enumerate(sorted(state)):
        value = state[name]
        if name.endswith("running_var"):
            new = 1 + scatter(value.numel(), key, 0.3)
        elif value.dim() == 1 and name.endswith("weight"):
            new = 1 + scatter(value.numel(), key, 0.2)
        elif value.dim() == 1:
            new = scatter(value.numel(), key, 0.1)
        else:
            new = scatter(value.numel(), key, np.sqrt(6 / (value.numel() / value.shape[0])))
        value.copy_(torch.from_numpy(new.astype(np.float32).astype(np.float64)).reshape(value.shape))
    return module


class Vgg(nn.Module):
    """uclser20's VGG-like network up to the embedding."""

    def __init__(self):
        super().__init__()
        for i, (inputs, outputs) in enumerate([(1, 32), (32, 32), (32, 32), (32, 64), (64, 64), (64, 128)], 1):
            setattr(self, f"conv{i}", nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(outputs))
        self.fc = nn.Linear(256, 512)

    def forward(self, x):
        for i in range(1, 7):
            x = torch.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
            if i in (3, 5, 6):
                x = nn.functional.max_pool2d(x, 2)
        return torch.relu(self.fc(torch.cat([x.amax((2, 3)), x.mean((2, 3))], 1)))


class Crnn(nn.Module):
    """uclser20's CRNN up to the embedding; both directions of the GRU are read at the last step."""

    def __init__(self):
        super().__init__()
        for i in (1, 2, 3):
            setattr(self, f"conv{i}", nn.Conv2d(1 if i == 1 else 128, 128, 5, padding=2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(128))
        self.gru = nn.GRU(256, 64, batch_first=True, bidirectional=True)

    def forward(self, x):
        for i, pool in enumerate([(2, 5), (2, 4), (2, 2)], 1):
            x = nn.functional.max_pool2d(torch.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x))), pool)
        x = x.permute(0, 2, 3, 1).flatten(2)  # [batch, time, mel x channel]
        last = self.gru(x)[0][:, -1]
        return last[:, :64] * last[:, 64:]


class SupCnn(nn.Module):
    """supervised_ACL's network up to the embedding, dropout left out; gives h and the pooled feature side by side."""

    def __init__(self, time, mel):
        super().__init__()
        for i, channels in enumerate([1, 24, 24, 48, 48, 48], 1):
            setattr(self, f"bn{i}", nn.BatchNorm2d(channels))
        for i, (inputs, outputs) in enumerate([(1, 24), (24, 48), (48, 48)], 1):
            setattr(self, f"conv{i}", nn.Conv2d(inputs, outputs, 5, padding=2))
        self.fc = nn.Linear(48 * (time // 16) * (mel // 4), 64)

    def forward(self, x):
        x = self.conv1(torch.relu(self.bn1(x)))
        x = nn.functional.max_pool2d(torch.relu(self.bn2(x)), (4, 2))
        x = self.conv2(torch.relu(self.bn3(x)))
        x = nn.functional.max_pool2d(torch.relu(self.bn4(x)), (4, 2))
        x1 = self.conv3(torch.relu(self.bn5(x)))
        h = torch.relu(self.fc(torch.relu(self.bn6(x1)).flatten(1)))
        return torch.cat([h, x1.amax((2, 3))], 1)


def resnet18():
    network = torchvision.models.resnet18()
    network.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    network.fc = nn.Identity()
    return network


class MeanAndMaximum(nn.Module):
    def forward(self, x):
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


class MeanAndDeviation(nn.Module):
    """Of the mean over mel (the last axis) over time."""

    def forward(self, x):
        over_mel = x.mean(3)
        return torch.cat([over_mel.mean(2), over_mel.std(2, unbiased=False)], 1)


class MeansOfLastTwo(nn.Module):
    """Of the last map and of layer3's, which `see` is given on the way."""

    def see(self, _module, _inputs, output):
        self.before = output

    def forward(self, x):
        return torch.cat([x.mean((2, 3)), self.before.mean((2, 3))], 1)


def narrow_resnet18(width, pooling):
    network = resnet18()
    network.conv1 = nn.Conv2d(1, width, 7, 2, 3, bias=False)
    network.bn1 = nn.BatchNorm2d(width)
    network.inplanes = width
    block = torchvision.models.resnet.BasicBlock
    for i in range(4):
        setattr(network, f"layer{i + 1}", network._make_layer(block, width * 2**i, 2, stride=1 if i == 0 else 2))
    network.avgpool = pooling
    if isinstance(pooling, MeansOfLastTwo):
        network.layer3.register_forward_hook(pooling.see)
    return network


def projection_head():
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 512))


def narrow_projection_head(num_layers):
    layers, size = [], 24
    for _ in range(num_layers - 1):
        layers += [nn.Linear(size, 40), nn.BatchNorm1d(40), nn.ReLU()]
        size = 40
    return nn.Sequential(*layers, nn.Linear(size, 32))


def digits(values):
    return [float(f"{v:.9g}") for v in np.asarray(values, dtype=np.float64).ravel()]


def sample(values):
    """L2 norm, largest magnitude, and three values spread over the tensor (in torch's order of axes)."""
    flat = values.detach().numpy().ravel()
    return digits([np.linalg.norm(flat), np.abs(flat).max(), flat[0], flat[len(flat) // 2], flat[-1]])


def golden(name, network, shape):
    network = fill(network.double()).train()
    x = torch.from_numpy(scatter(int(np.prod(shape)), 1000, 2).astype(np.float32).astype(np.float64)).reshape(shape)
    evaluation = network.eval()(x)
    network.train()
    parts = [network(part) for part in x.chunk(2)]
    output = torch.cat(parts)
    loss = (output * torch.from_numpy(scatter(output.numel(), 1001, 1)).reshape(output.shape)).sum()
    loss.backward()
    result = {
        "source": f"networks.py with torch {torch.__version__}, torchvision {torchvision.__version__}, float64",
        "inputShape": [s for s in shape if s != 1],
        "trainable": sum(p.numel() for p in network.parameters()),
        "evaluation": digits(evaluation.detach().numpy().ravel()[::16]),
        "training": digits(output.detach().numpy().ravel()[::16]),
        "gradients": {n: sample(p.grad) for n, p in network.named_parameters()},
        "running": {n: sample(b) for n, b in network.named_buffers() if "running" in n},
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.json")
    with open(path, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    golden("resnet18", resnet18(), (6, 1, 65, 48))
    golden("resnet18MeanMax", narrow_resnet18(32, MeanAndMaximum()), (6, 1, 65, 48))
    golden("resnet18MeanDeviation", narrow_resnet18(16, MeanAndDeviation()), (6, 1, 97, 48))
    golden("resnet18LastTwo", narrow_resnet18(16, MeansOfLastTwo()), (6, 1, 65, 48))
    golden("vgg", Vgg(), (6, 1, 26, 24))
    golden("crnn", Crnn(), (6, 1, 25, 96))
    golden("supCnn", SupCnn(50, 24), (6, 1, 50, 24))
    golden("projectionHead", projection_head(), (12, 512))
    golden("projectionHeadLinear", narrow_projection_head(1), (12, 24))
    golden("projectionHeadThree", narrow_projection_head(3), (12, 24))
