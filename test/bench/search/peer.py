"""One process of search.mjs: NumPy's product and argpartition, on unit rows in memory and with reading the file and dividing its rows."""
import argparse
import json
import resource
import time

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--file")
parser.add_argument("--queries", type=int)
parser.add_argument("--threads")
options = parser.parse_args()


def read():
    rows = np.load(options.file)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def nearest(rows, queries):
    similarities = rows @ queries.T
    best = np.argpartition(-similarities, 10, axis=0)[:10]
    order = np.take_along_axis(similarities, best, axis=0).argsort(axis=0)[::-1]
    return np.take_along_axis(best, order, axis=0)


def seconds(times, work):
    least = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        found = work()
        least = min(least, time.perf_counter() - start)
    return least, found


rows = np.load(options.file, mmap_mode="r")[7 : 7 + options.queries]
queries = rows / np.linalg.norm(rows, axis=1, keepdims=True)
disk, _ = seconds(2, lambda: nearest(read(), queries))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
rows = read()
memory, found = seconds(3, lambda: nearest(rows, queries))
print(json.dumps({"disk": disk, "memory": memory, "peakMiB": peak, "found": found.T.tolist(), "version": np.__version__}))
