"""One process of search.mjs: NumPy's product and argpartition on unit rows in memory."""
import argparse
import json
import time

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--file")
parser.add_argument("--queries", type=int)
parser.add_argument("--threads")
options = parser.parse_args()
rows = np.load(options.file)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
queries = rows[7 : 7 + options.queries].copy()
least = float("inf")
for _ in range(3):
    start = time.perf_counter()
    similarities = rows @ queries.T
    nearest = np.argpartition(-similarities, 10, axis=0)[:10]
    order = np.take_along_axis(similarities, nearest, axis=0).argsort(axis=0)[::-1]
    found = np.take_along_axis(nearest, order, axis=0)
    least = min(least, time.perf_counter() - start)
print(json.dumps({"memory": least, "found": found.T.tolist(), "version": np.__version__}))
