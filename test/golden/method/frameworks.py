#!/usr/bin/python3
"""Three training steps of every framework of pre-training by torch in float64: vgg encoder, projection head, SGD with momentum and decay.

Run by Debian's /usr/bin/python3 (python3-torch 1.13.1); writes frameworks.json beside itself. Written from the papers' algorithms, view by
view and direction by direction. Weights and views come from `scatter` as in trajectory.py, which also says why the views are the first
whose every ReLU and maximum is clear of a tie.
"""
import copy
import itertools
import json
import math
import os
import sys
import torch
from torch import nn
from torch.nn.functional import cross_entropy, normalize

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "..", "nn")]
from networks import Vgg, digits, fill, sample, scatter  # noqa: E402
from trajectory import CLEARANCE, watch  # noqa: E402

STEPS, CLIPS, FRAMES, QUEUE, DIM = 3, 4, 16, 12, 8
SGD = {"learningRate": 0.003, "momentum": 0.9, "weightDecay": 0.01}
LABELS = [0, 1, 0, 1]
PLACES = [7, 0, 11, 4]


def head(inputs):
    return nn.Sequential(nn.Linear(inputs, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, DIM))


def info_nce(queries, keys, temperature):
    """Row i of the keys is the positive of query i, the others are its negatives."""
    logits = normalize(queries) @ normalize(keys).T / temperature
    return cross_entropy(logits, torch.arange(len(queries)))


class Framework:
    numViews, mels, momentum, schedule = 2, 8, None, "constant"

    def __init__(self):
        self.trained = {"encoder": fill(Vgg().double()), "projectionHead": fill(head(512).double())}
        self.followers = {}

    def follow(self, progress):
        """In code: param_k = param_k * m + param_q * (1 - m)."""
        m = self.momentum if self.schedule == "constant" else 1 - (1 - self.momentum) * (math.cos(math.pi * progress) + 1) / 2
        for name, follower in self.followers.items():
            original = self.trained[name[len("momentum")].lower() + name[len("momentum") + 1:]]
            for slow, fast in zip(follower.parameters(), original.parameters()):
                slow.data = slow.data * m + fast.data * (1 - m)

    def with_momentum(self, momentum, schedule):
        self.momentum, self.schedule = momentum, schedule
        self.followers = {
            "momentumEncoder": copy.deepcopy(self.trained["encoder"]),
            "momentumProjectionHead": copy.deepcopy(self.trained["projectionHead"]),
        }

    def project(self, view):
        return self.trained["projectionHead"](self.trained["encoder"](view))

    @torch.no_grad()
    def target(self, view):
        return self.followers["momentumProjectionHead"](self.followers["momentumEncoder"](view))

    def extra(self):
        return {}


class Triplets(Framework):
    """TCL without labels: three views, so two positives an anchor (positive triplets)."""

    numViews, temperature, k1, k2 = 3, 0.5, 20, 2

    def loss(self, views):
        z = normalize(torch.cat([self.project(view) for view in views]))
        clips = torch.arange(CLIPS).repeat(self.numViews)
        total = 0
        for i in range(len(z)):
            s = z @ z[i]
            positive = [p for p in range(len(z)) if p != i and clips[p] == clips[i]]
            negative = [n for n in range(len(z)) if clips[n] != clips[i]]
            denominator = (s[positive] / self.temperature).exp().sum() + self.k1 * (-s[positive]).exp().sum()
            denominator = denominator + self.k2 * (s[negative] / self.temperature).exp().sum()
            total = total - sum(s[p] / self.temperature - denominator.log() for p in positive) / len(positive)
        return total / len(z)


class SupervisedContrastive(Framework):
    """SupCon: all views of one class are positives."""

    temperature = 0.3

    def loss(self, views):
        z = normalize(torch.cat([self.project(view) for view in views]))
        labels = torch.tensor(LABELS).repeat(2)
        total = 0
        for i in range(len(z)):
            others = [k for k in range(len(z)) if k != i]
            s = z @ z[i] / self.temperature
            positive = [p for p in others if labels[p] == labels[i]]
            total = total - sum(s[p] - s[others].logsumexp(0) for p in positive) / len(positive)
        return total / len(z)


class MocoV2(Framework):
    temperature = 0.2

    def __init__(self):
        super().__init__()
        self.with_momentum(0.9, "constant")
        self.queue = normalize(torch.from_numpy(scatter(QUEUE * DIM, 77, 1)).reshape(QUEUE, DIM))

    def loss(self, views):
        q, k = normalize(self.project(views[0])), normalize(self.target(views[1]))
        logits = torch.cat([(q * k).sum(1, keepdim=True), q @ self.queue.T], 1) / self.temperature
        self.queue = torch.cat([k, self.queue])[:QUEUE]
        return cross_entropy(logits, torch.zeros(CLIPS, dtype=torch.long))

    def extra(self):
        return {"queue": digits(self.queue)}


class MocoV3(Framework):
    temperature = 0.2

    def __init__(self):
        super().__init__()
        self.trained["predictor"] = fill(head(DIM).double())
        self.with_momentum(0.9, "cosine")

    def loss(self, views):
        q1, q2 = (self.trained["predictor"](self.project(view)) for view in views)
        k1, k2 = (self.target(view) for view in views)
        return (info_nce(q1, k2, self.temperature) + info_nce(q2, k1, self.temperature)) / 2


class Byol(MocoV3):
    """With the curvature of Rho et al.: the gradient of each cosine times 1 - (theta / pi)^c, its value unchanged."""

    curvature = 0.7

    def loss(self, views):
        q1, q2 = (self.trained["predictor"](self.project(view)) for view in views)
        k1, k2 = (self.target(view) for view in views)
        terms = []
        for q, k in [(q1, k2), (q2, k1)]:
            cosine = (normalize(q) * normalize(k)).sum(1)
            weight = (1 - (torch.acos(cosine) / math.pi) ** self.curvature).detach()
            terms.append(-2 * (weight * cosine + (cosine - weight * cosine).detach()))
        return torch.cat(terms).mean()


class Cmc(Framework):
    """The lower and the upper half of the mel bands, an encoder and a head each."""

    numViews, mels, temperature = 1, 16, 0.2

    def __init__(self):
        self.trained = {
            "encoder": fill(nn.ModuleDict({"first": Vgg(), "second": Vgg()}).double()),
            "projectionHead": fill(nn.ModuleDict({"first": head(512), "second": head(512)}).double()),
        }
        self.followers = {}

    def loss(self, views):
        low, high = views[0][..., :8], views[0][..., 8:]
        z1, z2 = (self.trained["projectionHead"][part](self.trained["encoder"][part](x)) for part, x in [("first", low), ("second", high)])
        return (info_nce(z1, z2, self.temperature) + info_nce(z2, z1, self.temperature)) / 2


class MemoryBank(Framework):
    """Instance discrimination by NCE, every other row of the memory as noise; Z over the memory, a constant of the gradient."""

    numViews, temperature, kept = 1, 0.3, 0.5

    def __init__(self):
        super().__init__()
        self.memory = normalize(torch.from_numpy(scatter(QUEUE * DIM, 77, 1)).reshape(QUEUE, DIM))

    def loss(self, views):
        z = normalize(self.project(views[0]))
        total = 0
        for row, place in zip(z, PLACES):
            scores = torch.stack([(row @ memory / self.temperature).exp() for memory in self.memory])
            probability = scores / scores.sum().detach()
            of_noise = (QUEUE - 1) / QUEUE
            is_data = probability / (probability + of_noise)
            total = total - is_data[place].log() - sum((1 - is_data[k]).log() for k in range(QUEUE) if k != place)
        self.memory = self.memory.clone()
        for row, place in zip(z.detach(), PLACES):
            self.memory[place] = normalize(self.kept * self.memory[place] + (1 - self.kept) * row, dim=0)
        return total / len(z)

    def extra(self):
        return {"memory": digits(self.memory)}


def clearances(framework):
    lists = []
    for networks in (framework.trained, {n[len("momentum")].lower() + n[len("momentum") + 1:]: f for n, f in framework.followers.items()}):
        encoders, heads = networks.get("encoder"), networks.get("projectionHead")
        if encoders is None:
            continue
        pairs = zip(encoders.values(), heads.values()) if isinstance(encoders, nn.ModuleDict) else [(encoders, heads)]
        lists += [watch(e, h) for e, h in pairs]
    if "predictor" in framework.trained:
        lists.append(watch(nn.Module(), framework.trained["predictor"]))
    return lists


def train(kind, first_view):
    framework = kind()
    for module in (*framework.trained.values(), *framework.followers.values()):
        module.train()
    nearest = clearances(framework)
    named = [(f"{network}.{n}", p) for network, module in framework.trained.items() for n, p in module.named_parameters()]
    optimizer = torch.optim.SGD(
        [p for _, p in named], lr=SGD["learningRate"], momentum=SGD["momentum"], weight_decay=SGD["weightDecay"]
    )
    losses, gradients = [], {}
    size = framework.numViews * CLIPS * FRAMES * framework.mels
    for step in range(STEPS):
        values = scatter(size, first_view + step, 2).astype("float32").astype("float64")
        views = torch.from_numpy(values).reshape(framework.numViews, CLIPS, 1, FRAMES, framework.mels)
        loss = framework.loss(views)
        if min(min(found) for found in nearest) < CLEARANCE:
            return None
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            gradients = {n: sample(p.grad) for n, p in named}
        optimizer.step()
        framework.follow((step + 1) / STEPS)
        losses.append(*digits([loss.item()]))
    state = {}
    for network, module in {**framework.trained, **framework.followers}.items():
        for name, value in module.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                state[f"{network}.{name}"] = sample(value)
    return {
        "firstView": first_view,
        "numViews": framework.numViews,
        "mels": framework.mels,
        "losses": losses,
        "gradients": gradients,
        "state": state,
        **framework.extra(),
    }


def main():
    torch.set_num_threads(1)
    result = {
        "source": f"frameworks.py with torch {torch.__version__}, float64",
        "clips": CLIPS,
        "frames": FRAMES,
        "labels": LABELS,
        "places": PLACES,
        "sgd": SGD,
        "initialQueue": digits(normalize(torch.from_numpy(scatter(QUEUE * DIM, 77, 1)).reshape(QUEUE, DIM))),
    }
    for kind in (Triplets, SupervisedContrastive, MocoV2, MocoV3, Byol, Cmc, MemoryBank):
        name = kind.__name__[0].lower() + kind.__name__[1:]
        result[name] = next(filter(None, (train(kind, first) for first in itertools.count(5000, 10))))
        print(name, "views from", result[name]["firstView"], result[name]["losses"])
    with open(os.path.join(here, "frameworks.json"), "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
