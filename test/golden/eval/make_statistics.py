"""Golden values of intervals, ridge and spread. Run: /usr/bin/python3 test/golden/eval/make_statistics.py > test/golden/eval/statistics.json"""
import json
import numpy as np
import scipy
from scipy.stats import binomtest

wilson = [[k, n, *binomtest(k, n).proportion_ci(0.95, method="wilson")] for k, n in [(0, 10), (1, 10), (5, 10), (10, 10), (69, 80), (730, 947), (1, 1), (3, 1000)]]

n, dim = 30, 7
i = np.arange(n * dim)
x = np.sin(i * 1.7).reshape(n, dim) * np.arange(1, dim + 1)  # unequal scales
x[:, 3] = 2.5  # a constant feature
y = np.arange(n) % 3
s = x.std(axis=0)
standard = np.where(s > 0, (x - x.mean(axis=0)) / np.where(s > 0, s, 1), 0)
targets = np.where(np.eye(3)[y] > 0, 1.0, -1.0)
w = np.linalg.solve(standard.T @ standard + 10 * np.eye(dim), standard.T @ (targets - targets.mean(axis=0)))
scores = standard[:4] @ w + targets.mean(axis=0)

e = np.cos(np.arange(40 * 12) * 0.37).reshape(40, 12) + 0.3
u = e / np.linalg.norm(e, axis=1, keepdims=True)
sv = np.linalg.svd(u, compute_uv=False)
p = sv / sv.sum()
spread = {"standardDeviation": u.std(axis=0).mean(), "effectiveRank": float(np.exp(-(p * np.log(p)).sum()))}
wide = u[:5]
svw = np.linalg.svd(wide, compute_uv=False)
pw = svw / svw.sum()

print(json.dumps({
    "source": f"make_statistics.py, numpy {np.__version__}, scipy {scipy.__version__}",
    "wilson": wilson,
    "ridgeScores": scores.tolist(),
    "spread": spread,
    "effectiveRankOfFiveRows": float(np.exp(-(pw * np.log(pw)).sum())),
}, indent=1))
