#!/usr/bin/env python3
"""Values and gradients (float64) of contrastive and metric losses by pytorch-metric-learning 2.9 and lightly 1.6.

Needs torch 2.13, pytorch-metric-learning and lightly; writes peers.json beside itself. lightly imports torchvision for losses that are not
used here; the stored numbers were made with an empty module of that name. The rows come from `scatter`, the formula of
test/ops/numeric.ts, so that only what the libraries answer is stored. What the libraries do differently from the papers is in
docs/losses.md.
"""
import json
import math
import os

import lightly
import pytorch_metric_learning
import torch
from lightly.loss import NTXentLoss as LightlyNTXent
from pytorch_metric_learning import distances, losses, miners

ROWS, DIM = 12, 6
UNEQUAL = [0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 0, 4]
BALANCED = [0, 1, 2, 3] * 3


def scatter(length, key):
    x = [43758.5453 * math.sin(12.9898 * (i + 1) + 78.233 * key) for i in range(length)]
    return torch.tensor([2 * (v - math.floor(v)) - 1 for v in x], dtype=torch.float64)


def measured(loss, rows=ROWS, key=1):
    x = scatter(rows * DIM, key).reshape(rows, DIM).requires_grad_()
    value = loss(x)
    value.backward()
    return {"value": value.item(), "gradient": x.grad.flatten().tolist()}


def triplet(mining, power):
    distance = distances.LpDistance(power=power)
    margin = 0.4
    criterion = losses.TripletMarginLoss(margin=margin, distance=distance)
    if mining is None:
        return lambda x: criterion(x, torch.tensor(UNEQUAL))
    miner = miners.TripletMarginMiner(margin=margin, type_of_triplets=mining, distance=distance)
    return lambda x: criterion(x, torch.tensor(UNEQUAL), miner(x, torch.tensor(UNEQUAL)))


def with_queue(x):
    """lightly's memory bank: the queue's rows are the negatives, the two views the positives, in one direction."""
    criterion = LightlyNTXent(temperature=0.2, memory_bank_size=(5, DIM))
    queue = scatter(5 * DIM, 9).reshape(5, DIM)
    criterion.memory_bank.bank = torch.nn.functional.normalize(queue, dim=1)
    criterion.memory_bank.bank_ptr = torch.zeros(1, dtype=torch.long)
    return criterion(x[:6], x[6:])


def main():
    unequal, balanced = torch.tensor(UNEQUAL), torch.tensor(BALANCED)
    result = {
        "supCon": measured(lambda x: losses.SupConLoss(temperature=0.1)(x, unequal)),
        "ntXentOwnNegatives": measured(lambda x: losses.NTXentLoss(temperature=0.2)(x, balanced)),
        "pairMargin": measured(lambda x: losses.ContrastiveLoss(pos_margin=0, neg_margin=1.2)(x, unequal)),
        "nPairs": measured(lambda x: losses.NPairsLoss()(x, torch.arange(6).repeat(2))),
        "ntXentTwoViews": measured(lambda x: LightlyNTXent(temperature=0.2)(x[:6], x[6:])),
        "ntXentQueue": measured(with_queue),
    }
    for power, distance in ((1, "euclidean"), (2, "squared")):
        result[f"triplet-all-{distance}"] = measured(triplet(None, power))
        result[f"triplet-hard-{distance}"] = measured(triplet("hard", power))
        result[f"triplet-semiHard-{distance}"] = measured(triplet("semihard", power))
    versions = f"torch {torch.__version__}, pytorch-metric-learning {pytorch_metric_learning.__version__}, lightly {lightly.__version__}"
    golden = {
        "source": f"peers.py with {versions}, float64",
        "rows": ROWS,
        "dim": DIM,
        "unequal": UNEQUAL,
        "balanced": BALANCED,
        "losses": result,
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(golden, file, indent=1)
        file.write("\n")


main()
