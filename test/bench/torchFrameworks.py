#!/usr/bin/python3
"""One training step of BYOL or MoCo v3 in PyTorch on the CPU: the peer of frameworks.mjs, which runs it.

    python3 torchFrameworks.py byol|mocoV3 eager|nhwc|compile PAIRS STEPS THREADS

ResNet-18 of one input channel on two views of PAIRS patches of 101 x 96, projection head and predictor 512 - 512 - 512 with batch norm,
momentum copies of encoder and head, SGD with momentum and decay, the copies' update by torch._foreach_lerp_. Prints one JSON line: the
median seconds of a step after two that do not count, and how long the update of the copies takes.
"""
import copy, json, os, statistics, sys, time
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "step"))
from torchStep import peak_mib, projection_head as head, resnet18  # noqa: E402

framework, mode, pairs, steps, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
torch.set_num_threads(threads)
torch.manual_seed(0)


encoder = resnet18()
online = torch.nn.Sequential(encoder, head())
target = copy.deepcopy(online).requires_grad_(False)
predictor = head()
views = [torch.randn(pairs, 1, 101, 96) for _ in range(2)]
if mode != "eager":
    online, target = online.to(memory_format=torch.channels_last), target.to(memory_format=torch.channels_last)
    views = [view.to(memory_format=torch.channels_last) for view in views]
optimizer = torch.optim.SGD([*online.parameters(), *predictor.parameters()], lr=0.03, momentum=0.9, weight_decay=1e-4)
followed = [list(target.parameters()), list(online.parameters())]


def loss_of(q, k):
    q, k = F.normalize(q, dim=1), F.normalize(k, dim=1)
    if framework == "byol":
        return -2 * (q * k).sum(1).mean()
    return F.cross_entropy(q @ k.T / 0.2, torch.arange(pairs))


def forward(a, b):
    with torch.no_grad():
        k1, k2 = target(a), target(b)
    q1, q2 = predictor(online(a)), predictor(online(b))
    return (loss_of(q1, k2) + loss_of(q2, k1)) / 2


if mode == "compile":
    forward = torch.compile(forward)


def follow():
    with torch.no_grad():
        torch._foreach_lerp_(followed[0], followed[1], 1 - 0.99)


def step():
    loss = forward(*views)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    follow()
    return loss.item()


def timed(f, count):
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        f()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


timed(step, 2)
seconds = timed(step, steps)
print(json.dumps({
    "peer": f"pytorch {torch.__version__} {mode}", "framework": framework, "pairs": pairs, "threads": torch.get_num_threads(),
    "stepSeconds": round(seconds, 4), "momentumMilliseconds": round(1000 * timed(follow, 10), 2),
    "peakRssMiB": peak_mib(),
}))
