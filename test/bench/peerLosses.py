"""pytorch-metric-learning's side of losses.mjs: `peerLosses.py supCon|tcl|triplet THREADS ROWS` prints seconds, megabytes and the value."""
import json
import resource
import sys
import time

import torch
from pytorch_metric_learning import losses, miners

name, threads, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
labels = torch.arange(rows) % 64
x = torch.randn(rows, 512, requires_grad=True)
criterion = losses.TripletMarginLoss(margin=0.2) if name == "triplet" else losses.SupConLoss(temperature=0.1)
miner = miners.TripletMarginMiner(margin=0.2, type_of_triplets="semihard") if name == "triplet" else None


def call():
    x.grad = None
    value = criterion(x, labels, miner(x, labels)) if miner else criterion(x, labels)
    value.backward()
    return value.item()


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


before = peak()
times, cpu_times = [], []
# Listing triplets takes minutes: one call, without one to warm up.
if name != "triplet":
    call()
for _ in range(1 if name == "triplet" else 3):
    start, cpu_start = time.perf_counter(), time.process_time()
    value = call()
    times.append(time.perf_counter() - start)
    cpu_times.append(time.process_time() - cpu_start)
print(json.dumps({"seconds": min(times), "cpuSeconds": min(cpu_times), "megabytes": round(peak() - before), "value": value}))
