"""Golden values of confident learning and softmax regression.
Run: /usr/bin/python3 test/golden/audit/make_confident.py > test/golden/audit/confident.json
Written from the definitions of Northcutt, Jiang & Chuang 2021 (JAIR 70), section 3.1, with boolean arrays; the regression by scipy's BFGS."""
import json
import numpy as np
import scipy
from scipy.optimize import minimize
from scipy.special import logsumexp

n, k = 60, 4
i = np.arange(n)
labels = (i * 7 + i // 9) % k
scores = np.sin(np.arange(n * k) * 1.3).reshape(n, k) * 2
scores[i, (labels + (i % 5 == 0)) % k] += 2.5  # every fifth clip looks like the next class
p = np.exp(scores - logsumexp(scores, axis=1, keepdims=True))

t = np.array([p[labels == j, j].mean() for j in range(k)])
masked = np.where(p >= t, p, -1)
likely, is_confident = masked.argmax(axis=1), (p >= t).any(axis=1)
C = np.array([[int((is_confident & (labels == a) & (likely == b)).sum()) for b in range(k)] for a in range(k)])
Q = C / C.sum(axis=1, keepdims=True) * np.bincount(labels, minlength=k)[:, None]
Q = Q / Q.sum()
noise = Q / Q.sum(axis=0)

dim = 6
x = np.cos(np.arange(n * dim) * 0.77).reshape(n, dim) * np.arange(1, dim + 1) + 3
x[:, 4] = 2.0  # a constant feature
x[i, labels] += 1.5
s = x.std(axis=0)
z = np.where(s > 0, (x - x.mean(axis=0)) / np.where(s > 0, s, 1), 0)
l2 = 0.05

def objective(w):
    W, b = w[: dim * k].reshape(dim, k), w[dim * k:]
    a = z @ W + b
    return -(a[i, labels] - logsumexp(a, axis=1)).mean() + l2 / 2 * (W ** 2).sum()

w = minimize(objective, np.zeros(dim * k + k), method="BFGS", options={"gtol": 1e-9, "maxiter": 5000}).x
a = z @ w[: dim * k].reshape(dim, k) + w[dim * k:]
fitted = np.exp(a - logsumexp(a, axis=1, keepdims=True))

print(json.dumps({
    "source": f"make_confident.py, numpy {np.__version__}, scipy {scipy.__version__}",
    "labels": labels.tolist(),
    "probabilities": [float(f"{v:.9g}") for v in p.ravel()],
    "thresholds": t.tolist(),
    "confidentJoint": C.tolist(),
    "joint": Q.tolist(),
    "noiseMatrix": noise.tolist(),
    "numErrors": float(n * (1 - np.trace(Q))),
    "x": [float(f"{v:.7g}") for v in x.ravel()],
    "l2": l2,
    "fitted": fitted[:8].tolist(),
}))
