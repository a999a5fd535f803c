#!/usr/bin/python3
"""The peer of timeToAccuracy.mjs, which runs it: the pre-training of the authors' released code, in PyTorch on the CPU.

    authors.py --store STORE --fold 5 --seed 0 --variant eager|channels-last|compile --threads N \
               --until-epoch E --state FILE --embeddings FILE.npy
    authors.py ... --time-epochs 3           only times epochs of a new network

Takes up STATE where it is, trains to epoch E, saves STATE, and writes the mean embedding of every clip of the store, in its order.
Prints one JSON line: epoch, and the seconds that the training took so far, without start, compilation, reading the store and embedding.

ResNet-18 with a head of two layers, NT-Xent at 0.2 (weight 0.3) and the angular margin of 0.5 rad summed over the pairs / 25 (0.7); SGD at
0.03, momentum 0.9, decay 1e-4 on everything, a tenth after epochs 325 and 425 of 500; 128 clips a batch, nothing dropped, the two views
through the network one after the other. Views: two patches of 101 frames, mix-back up to 0.05, random resized crop of 0.8 to 1, compander
to 0.75, noise up to 0.01. Deviations, all in favour of speed or of what is compared: views are made of whole batches (the authors make them
clip by clip, by worker processes), patches may start at the last frame that fits, and inputs are standardised by the true deviation.
"""
import argparse, csv, json, math, os, sys, time
import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "step"))
from torchStep import acl, projection_head, resnet18  # noqa: E402

FRAMES, HOP, BATCH = 101, 50, 128


class Store:
    """Log-mel features of audiossl: every clip a run of rows of one array."""

    def __init__(self, path, fold):
        with open(os.path.join(path, "clips.csv"), newline="", encoding="utf-8") as file:
            clips = list(csv.DictReader(file))
        self.first = torch.tensor([int(clip["firstFrame"]) for clip in clips])
        self.count = torch.tensor([int(clip["numFrames"]) for clip in clips])
        self.values = torch.from_numpy(np.load(os.path.join(path, "logmel.npy")).astype(np.float32))
        self.train = torch.tensor([i for i, clip in enumerate(clips) if clip["fold"] != fold])
        rows = torch.cat([self.values[self.first[i]:self.first[i] + self.count[i]] for i in self.train]).double()
        self.mean, self.deviation = rows.mean().item(), rows.std(correction=0).item()

    def patches(self, starts):
        return self.values[starts[:, None] + torch.arange(FRAMES)]

    def random_patches(self, clips, generator):
        room = self.count[clips] - FRAMES + 1
        return self.patches(self.first[clips] + (torch.rand(len(clips), generator=generator) * room).long())


def mix_back(x, background, weight):
    """In powers, the energy kept; the maximum of a patch is taken out before."""
    peak = x.amax((1, 2), keepdim=True)
    x, background = 10 ** (x - peak), 10 ** (background - background.amax((1, 2), keepdim=True))
    ratio = x.sum((1, 2), keepdim=True) / background.sum((1, 2), keepdim=True)
    return torch.log10((1 - weight) * x + weight * ratio * background) + peak


def crops(count, height, width, generator):
    """torchvision's RandomResizedCrop: of ten tries the first that fits, else the whole patch, which has the aspect of its centre crop."""
    area = torch.empty(count, 10).uniform_(0.8, 1, generator=generator) * height * width
    aspect = torch.empty(count, 10).uniform_(math.log(3 / 4), math.log(4 / 3), generator=generator).exp()
    w, h = (area * aspect).sqrt().round(), (area / aspect).sqrt().round()
    fits = (w <= width) & (h <= height)
    first = fits.float().argmax(1, keepdim=True)
    found = fits.any(1)
    w, h = (torch.where(found, side.gather(1, first)[:, 0], torch.tensor(float(whole))) for side, whole in ((w, width), (h, height)))
    top, left = (torch.floor(torch.rand(count, generator=generator) * (whole - side + 1)) for side, whole in ((h, height), (w, width)))
    return top, h, left, w


def stretch(first, length, size):
    """[count, size, size]: row o holds the two taps of half-pixel bilinear interpolation of a stretch of the input."""
    at = torch.arange(size, dtype=torch.float32)
    source = ((at + 0.5) * length[:, None] / size - 0.5).clamp(min=0).minimum(length[:, None] - 1) + first[:, None]
    return (1 - (source[:, :, None] - at).abs()).clamp(min=0)


def make_view(store, clips, weight, generator):
    x = store.random_patches(clips, generator)
    # A background of another clip of the training set.
    place = torch.randint(len(store.train) - 1, (len(clips),), generator=generator)
    others = store.train[place + (store.train[place] >= clips).long()]
    x = mix_back(x, store.random_patches(others, generator), weight)
    top, height, left, width = crops(len(clips), x.shape[1], x.shape[2], generator)
    x = stretch(top, height, x.shape[1]) @ x @ stretch(left, width, x.shape[2]).transpose(1, 2)
    per_patch = lambda low, high: torch.empty(len(clips), 1, 1).uniform_(low, high, generator=generator)  # noqa: E731
    x = x * per_patch(0.75, 1)
    x = x + per_patch(0, 0.01) * torch.randn(x.shape, generator=generator)
    return ((x - store.mean) / store.deviation)[:, None]


class Training:
    def __init__(self, store, variant, seed):
        torch.manual_seed(seed)
        self.store, self.variant = store, variant
        self.encoder, self.head = resnet18(), projection_head()
        if variant != "eager":
            self.encoder = self.encoder.to(memory_format=torch.channels_last)
        parameters = [*self.encoder.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.SGD(parameters, lr=0.03, momentum=0.9, weight_decay=1e-4)
        self.generator = torch.Generator().manual_seed(seed)
        self.epoch, self.seconds = 0, 0.0
        # Every size of batch has a program of its own.
        self.loss_of = torch.compile(self.loss, dynamic=False) if variant == "compile" else self.loss

    def loss(self, a, b):
        ha, hb = self.encoder(a), self.encoder(b)
        return acl(torch.cat([ha, hb]), torch.cat([self.head(ha), self.head(hb)]))

    def step(self, clips):
        weight = torch.empty(len(clips), 1, 1).uniform_(0, 0.05, generator=self.generator)
        views = [make_view(self.store, clips, weight, self.generator) for _ in range(2)]
        if self.variant != "eager":
            views = [view.to(memory_format=torch.channels_last) for view in views]
        self.optimizer.zero_grad()
        loss = self.loss_of(*views)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def train_epoch(self):
        start = time.perf_counter()
        self.encoder.train()
        for group in self.optimizer.param_groups:
            group["lr"] = 0.03 * 0.1 ** ((self.epoch >= 325) + (self.epoch >= 425))
        order = self.store.train[torch.randperm(len(self.store.train), generator=self.generator)]
        losses = [self.step(clips) for clips in order.split(BATCH)]
        self.epoch += 1
        self.seconds += time.perf_counter() - start
        return sum(losses) / len(losses)

    def parts(self):
        return {"encoder": self.encoder, "head": self.head, "optimizer": self.optimizer}

    def save(self, path):
        state = {name: part.state_dict() for name, part in self.parts().items()}
        state.update(epoch=self.epoch, seconds=self.seconds, generator=self.generator.get_state())
        torch.save(state, path + ".partial")
        os.replace(path + ".partial", path)

    def load(self, path):
        state = torch.load(path, weights_only=True)
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.epoch, self.seconds = state["epoch"], state["seconds"]
        self.generator.set_state(state["generator"])

    @torch.no_grad()
    def embed(self):
        """[clips, 512]: the mean of h over the patches of each clip, HOP apart and the last that fits."""
        self.encoder.eval()
        grid = [(clip, int(first) + start) for clip, (first, count) in enumerate(zip(self.store.first, self.store.count))
                for start in sorted({*range(0, int(count) - FRAMES + 1, HOP), int(count) - FRAMES})]
        clips, starts = torch.tensor(grid).T
        x = (((self.store.patches(part) - self.store.mean) / self.store.deviation)[:, None] for part in starts.split(BATCH))
        h = torch.cat([self.encoder(part if self.variant == "eager" else part.to(memory_format=torch.channels_last)) for part in x])
        sums = torch.zeros(len(self.store.first), h.shape[1]).index_add_(0, clips, h)
        return (sums / torch.bincount(clips)[:, None]).numpy()


def timed_epoch(store, variant, epochs):
    """Seconds of an epoch, the first one (and what it compiles) left out; the quickest of so many."""
    training = Training(store, variant, 0)
    seconds = []
    for _ in range(epochs + 1):
        before = training.seconds
        training.train_epoch()
        seconds.append(training.seconds - before)
    return min(seconds[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("store", "fold"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--variant", choices=["eager", "channels-last", "compile"], required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    for name in ("until-epoch", "time-epochs"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("state", "embeddings"):
        parser.add_argument(f"--{name}")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    store = Store(args.store, args.fold)
    about = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    if args.time_epochs is not None:
        print(json.dumps({**about, "secondsPerEpoch": round(timed_epoch(store, args.variant, args.time_epochs), 3)}))
        return
    training = Training(store, args.variant, args.seed)
    if args.variant == "compile":
        # Compiles before the clock runs; the weights and all that was drawn are put back.
        training.save(args.state + ".new")
        training.train_epoch()
        training.load(args.state + ".new")
        os.remove(args.state + ".new")
    if os.path.exists(args.state):
        training.load(args.state)
    loss = None
    while training.epoch < args.until_epoch:
        loss = training.train_epoch()
    training.save(args.state)
    np.save(args.embeddings, training.embed())
    print(json.dumps({**about, "epoch": training.epoch, "seconds": round(training.seconds, 3), "loss": loss}))


if __name__ == "__main__":
    main()
