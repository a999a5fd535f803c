#!/usr/bin/python3
"""A whole training trajectory by torch in float64: vgg encoder, projection head, angular contrastive loss, SGD with momentum and decay.

Run by Debian's /usr/bin/python3 (python3-torch 1.13.1); writes trajectory.json beside itself. Weights and views come from `scatter`, the
formula of test/ops/numeric.ts, by the rule of ../nn/networks.py. The two views of a step go through the network one after the other.
"""
import json
import os
import sys
import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "nn"))
from networks import Vgg, digits, fill, sample, scatter  # noqa: E402

STEPS, PAIRS, FRAMES, MELS = 5, 6, 16, 16
SETTINGS = {"temperature": 0.2, "contrastiveWeight": 0.3, "marginRadians": 0.5, "positiveWeight": 10.24, "negativeWeight": 2600.96}
SGD = {"learningRate": 0.0002, "momentum": 0.9, "weightDecay": 0.1}


def nt_xent(z):
    similarity = z @ z.T / SETTINGS["temperature"]
    similarity.fill_diagonal_(float("-inf"))
    positive = torch.arange(2 * PAIRS).roll(PAIRS)
    return nn.functional.cross_entropy(similarity, positive)


def margin(h):
    angle = torch.acos((h @ h.T).clamp(-1 + 1e-12, 1 - 1e-12))
    rows = torch.arange(2 * PAIRS)
    positive = rows[None, :] == rows.roll(PAIRS)[:, None]
    negative = ~positive & (rows[None, :] != rows[:, None])
    below = (SETTINGS["marginRadians"] - angle[negative]).clamp(min=0)
    return SETTINGS["positiveWeight"] * angle[positive].square().mean() + SETTINGS["negativeWeight"] * below.square().mean()


def main():
    torch.set_num_threads(1)
    encoder = fill(Vgg().double()).train()
    head = fill(nn.Sequential(nn.Linear(512, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8)).double()).train()
    named = [(f"encoder.{n}", p) for n, p in encoder.named_parameters()] + [(f"projectionHead.{n}", p) for n, p in head.named_parameters()]
    optimizer = torch.optim.SGD(
        [p for _, p in named], lr=SGD["learningRate"], momentum=SGD["momentum"], weight_decay=SGD["weightDecay"]
    )
    steps = []
    for step in range(STEPS):
        values = scatter(2 * PAIRS * FRAMES * MELS, 3000 + step, 2).astype("float32").astype("float64")
        views = torch.from_numpy(values).reshape(2, PAIRS, 1, FRAMES, MELS)
        h = [encoder(view) for view in views]
        z = [head(part) for part in h]
        contrastive = nt_xent(nn.functional.normalize(torch.cat(z)))
        angular = margin(nn.functional.normalize(torch.cat(h)))
        loss = SETTINGS["contrastiveWeight"] * contrastive + (1 - SETTINGS["contrastiveWeight"]) * angular
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps.append(digits([loss.item(), contrastive.item(), angular.item()]))
    buffers = [(f"encoder.{n}", b) for n, b in encoder.named_buffers()] + [(f"projectionHead.{n}", b) for n, b in head.named_buffers()]
    result = {
        "source": f"trajectory.py with torch {torch.__version__}, float64",
        "pairs": PAIRS,
        "frames": FRAMES,
        "mels": MELS,
        "loss": SETTINGS,
        "sgd": SGD,
        "losses": steps,
        "parameters": {n: sample(p) for n, p in named},
        "running": {n: sample(b) for n, b in buffers if "running" in n},
        "momentum": {n: sample(optimizer.state[p]["momentum_buffer"]) for n, p in named},
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trajectory.json")
    with open(path, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    for row in steps:
        print(row)


main()
