#!/usr/bin/python3
"""ZCA-cor whitening with shrunk correlations, by NumPy in float64: writes whitening.json beside itself."""
import json
import os
import numpy as np

rng = np.random.default_rng(3)
dim, n = 6, 40
mixing = np.eye(dim) + 0.4 * rng.normal(size=(dim, dim))
rows = ((rng.normal(size=(n, dim)) @ mixing + 2) * np.array([0.1, 1, 10, 1, 1, 0.01])).astype(np.float32).astype(np.float64)


def whitening(shrinkage):
    mean, deviation = rows.mean(0), rows.std(0)
    z = (rows - mean) / deviation
    correlations = (1 - shrinkage) * (z.T @ z / n) + shrinkage * np.eye(dim)
    values, vectors = np.linalg.eigh(correlations)
    root = vectors @ np.diag(values**-0.5) @ vectors.T
    weight = root / deviation[:, None]
    return weight, -mean @ weight


cases = []
for shrinkage in (0, 0.1, 0.7):
    weight, bias = whitening(shrinkage)
    cases.append({"shrinkage": shrinkage, "weight": weight.ravel().tolist(), "bias": bias.tolist()})
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "whitening.json")
with open(path, "w") as file:
    json.dump({"source": f"whitening.py with numpy {np.__version__}", "dim": dim, "rows": rows.ravel().tolist(), "cases": cases}, file)
    file.write("\n")
