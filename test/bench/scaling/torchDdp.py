"""The peer of scaling.mjs: torchStep.py's step under DistributedDataParallel on Gloo, channels last; batch norm and loss of each rank's own
(PyTorch's SyncBatchNorm needs GPUs). RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT from the environment; one process without. Rank 0 prints."""
import argparse, json, os, statistics, sys, time
import torch
import torch.nn as nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "step"))
from torchStep import acl, peak_mib, projection_head, resnet18


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = resnet18(), projection_head()

    def forward(self, x):
        h = self.encoder(x)
        return h, self.head(h)


p = argparse.ArgumentParser()
p.add_argument("--pairs", type=int, default=64)
p.add_argument("--steps", type=int, default=3)
a = p.parse_args()
rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
torch.set_num_threads(1)
torch.manual_seed(0)
net = Both().to(memory_format=torch.channels_last)
if size > 1:
    torch.distributed.init_process_group("gloo")
    net = nn.parallel.DistributedDataParallel(net)
x = torch.randn(2 * a.pairs, 1, 101, 96).to(memory_format=torch.channels_last)
opt = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-4)


def step():
    start = time.perf_counter()
    opt.zero_grad()
    acl(*net(x)).backward()
    opt.step()
    return time.perf_counter() - start


step()
seconds = statistics.median(step() for _ in range(a.steps))
if rank == 0:
    print(json.dumps({"peer": "PyTorch " + torch.__version__, "ranks": size, "pairs": a.pairs, "threads": torch.get_num_threads(),
                      "patchesPerSecond": round(2 * a.pairs * size / seconds, 1), "stepSeconds": round(seconds, 3), "peakRssMiB": peak_mib()}), flush=True)
if size > 1:
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
