#!/usr/bin/python3
"""A whole training trajectory by torch in float64: vgg encoder, projection head, angular contrastive loss, SGD with momentum and decay.

Run by Debian's /usr/bin/python3 (python3-torch 1.13.1); writes trajectory.json beside itself. Weights and views come from `scatter`, the
formula of test/ops/numeric.ts, by the rule of ../nn/networks.py. The two views of a step go through the network one after the other.

ReLU and maximum decide: where a value is within rounding of 0, or the largest of a window within rounding of the next, float32 may decide
otherwise than float64, another gradient flows from there on, and a momentum differs by 1 to 50 %. Of 50 random series of views that befell
torch's own float32 in 8, wasm in 14 and libtorch in 14; turning the one decision round in float64 gave their momentum to 5e-5. The
decisions that turned lay within 3e-6 of the layer's root mean square, so the views are the first whose every decision is CLEARANCE away.
"""
import itertools
import json
import os
import sys
import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "nn"))
from networks import Vgg, digits, fill, sample, scatter  # noqa: E402

STEPS, PAIRS, FRAMES, MELS = 5, 4, 16, 8
CLEARANCE = 8e-6
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


def watch(encoder, head):
    """A list that gets the distance of the nearest ReLU or maximum from its tie, in root mean squares of the layer, at every forward."""
    nearest = []

    def gap(windows, scale):
        two = windows.topk(2, -1).values
        nearest.extend(((two[..., 0] - two[..., 1])[two[..., 0] > 0].min() / scale).reshape(1).tolist())

    def hook(name):
        def look(module, inputs, output):
            scale = output.square().mean().sqrt()
            nearest.append((output.abs().min() / scale).item())
            if name in ("bn3", "bn5", "bn6"):
                positive = torch.relu(output)
                gap(positive.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4), scale)
                if name == "bn6":
                    gap(nn.functional.max_pool2d(positive, 2).flatten(2), scale)

        return look

    for name, module in encoder.named_modules():
        if name.startswith("bn") or name == "fc":
            module.register_forward_hook(hook(name))
    head[1].register_forward_hook(hook("head"))
    return nearest


def train(first_view):
    encoder = fill(Vgg().double()).train()
    head = fill(nn.Sequential(nn.Linear(512, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8)).double()).train()
    nearest = watch(encoder, head)
    named = [(f"encoder.{n}", p) for n, p in encoder.named_parameters()] + [(f"projectionHead.{n}", p) for n, p in head.named_parameters()]
    optimizer = torch.optim.SGD(
        [p for _, p in named], lr=SGD["learningRate"], momentum=SGD["momentum"], weight_decay=SGD["weightDecay"]
    )
    steps = []
    for step in range(STEPS):
        values = scatter(2 * PAIRS * FRAMES * MELS, first_view + step, 2).astype("float32").astype("float64")
        views = torch.from_numpy(values).reshape(2, PAIRS, 1, FRAMES, MELS)
        h = [encoder(view) for view in views]
        z = [head(part) for part in h]
        if min(nearest) < CLEARANCE:
            return None
        contrastive = nt_xent(nn.functional.normalize(torch.cat(z)))
        angular = margin(nn.functional.normalize(torch.cat(h)))
        loss = SETTINGS["contrastiveWeight"] * contrastive + (1 - SETTINGS["contrastiveWeight"]) * angular
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps.append(digits([loss.item(), contrastive.item(), angular.item()]))
    buffers = [(f"encoder.{n}", b) for n, b in encoder.named_buffers()] + [(f"projectionHead.{n}", b) for n, b in head.named_buffers()]
    return {
        "source": f"trajectory.py with torch {torch.__version__}, float64",
        "pairs": PAIRS,
        "frames": FRAMES,
        "mels": MELS,
        "firstView": first_view,
        "clearance": min(nearest),
        "loss": SETTINGS,
        "sgd": SGD,
        "losses": steps,
        "parameters": {n: sample(p) for n, p in named},
        "running": {n: sample(b) for n, b in buffers if "running" in n},
        "momentum": {n: sample(optimizer.state[p]["momentum_buffer"]) for n, p in named},
    }


def main():
    torch.set_num_threads(1)
    result = next(filter(None, map(train, itertools.count(3000, 10))))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trajectory.json")
    with open(path, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    print("views from", result["firstView"], "clearance", result["clearance"])
    for row in result["losses"]:
        print(row)


if __name__ == "__main__":
    main()
