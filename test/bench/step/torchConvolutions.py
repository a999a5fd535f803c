#!/usr/bin/python3
"""Times convolutions alone in PyTorch, channels last: what step.mjs compares each of ours with.

Reads a JSON list on stdin: {"pass": "forward" | "inputGradient" | "filterGradient", "x": [batch, height, width, in],
"filter": [height, width, in, out], "stride": s, "padding": p}; prints the list of medians in milliseconds.

    torchConvolutions.py fp32|bf16 THREADS REPEATS
"""
import json, statistics, sys, time
import torch


def milliseconds(run, repeats):
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def convolution(c, dtype):
    batch, height, width, inputs = c["x"]
    rows, columns, _, outputs = c["filter"]
    plain = lambda *shape: torch.randn(*shape).to(dtype).contiguous(memory_format=torch.channels_last)
    x, weight, stride, padding = plain(batch, inputs, height, width), plain(outputs, inputs, rows, columns), [c["stride"]] * 2, [c["padding"]] * 2
    forward = lambda: torch.conv2d(x, weight, None, stride, padding)
    if c["pass"] == "forward":
        return forward
    dy = plain(*forward().shape)
    mask = [c["pass"] == "inputGradient", c["pass"] == "filterGradient", False]
    return lambda: torch.ops.aten.convolution_backward(dy, x, weight, None, stride, padding, [1, 1], False, [0, 0], 1, mask)


if __name__ == "__main__":
    mode, threads, repeats = sys.argv[1:]
    torch.set_num_threads(int(threads))
    dtype = torch.bfloat16 if mode == "bf16" else torch.float32
    with torch.no_grad():
        print(json.dumps([milliseconds(convolution(c, dtype), int(repeats)) for c in json.load(sys.stdin)]))
