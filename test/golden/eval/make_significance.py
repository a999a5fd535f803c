"""Golden values of src/eval/statistics, by statsmodels, scipy and numpy (Debian's python3-statsmodels, python3-scipy).
Run: /usr/bin/python3 test/golden/eval/make_significance.py > test/golden/eval/significance.json"""
import json
import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

pairs = [(0, 5), (3, 9), (9, 3), (12, 30), (70, 41), (1, 0), (250, 190), (400, 120), (6, 7)]
table = lambda b, c: [[50, b], [c, 11]]
exact = [[b, c, *(lambda r: (r.statistic, r.pvalue))(mcnemar(table(b, c), exact=True))] for b, c in pairs]
chi = [[b, c, *(lambda r: (r.statistic, r.pvalue))(mcnemar(table(b, c), exact=False, correction=True))] for b, c in pairs]

p_lists = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.001], [0.2], [0.0499, 0.0001, 0.9, 0.012, 0.012, 0.7, 0.03]]
holm = [[p, multipletests(p, method="holm")[1].tolist()] for p in p_lists]

tails = [[x, float(stats.chi2.sf(x, 1))] for x in [0, 1e-9, 0.01, 0.5, 1, 3.841458820694124, 7.9, 8.1, 20, 100, 700]]
wilson = [[k, n, *proportion_confint(k, n, method="wilson")] for k, n in [(0, 30), (5, 72), (664, 947), (947, 947)]]

# One stratum, one seed, clips alone: scipy's percentile bootstrap of the paired difference, and of one mean.
i = np.arange(60)
a = (np.sin(i * 2.3) > -0.4).astype(float)
b = (np.sin(i * 2.3 + 0.9) > 0.1).astype(float)
boot = stats.bootstrap((a, b), lambda x, y, axis: np.mean(x - y, axis=axis), paired=True, vectorized=True, n_resamples=200000, method="percentile", random_state=1)
mean = stats.bootstrap((a,), np.mean, n_resamples=200000, method="percentile", random_state=2)

# Calibration with numpy's own binning.
n, k, bins = 200, 4, 15
logits = np.sin(np.arange(n * k) * 0.83).reshape(n, k) * 2
prob = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
label = (np.arange(n) * 7 % 11) % k
conf, right = prob.max(1), (prob.argmax(1) == label).astype(float)
where = np.digitize(conf, np.arange(1, bins) / bins, right=True)  # (low, high]
sizes = np.bincount(where, minlength=bins)
gaps = np.array([abs(right[where == j].mean() - conf[where == j].mean()) if sizes[j] else 0 for j in range(bins)])
calibration = {
    "expectedCalibrationError": float((gaps * sizes / n).sum()),
    "maximumCalibrationError": float(gaps.max()),
    "brierScore": float(((prob - np.eye(k)[label]) ** 2).sum(1).mean()),
    "negativeLogLikelihood": float(-np.log(prob[np.arange(n), label]).mean()),
    "sizes": sizes.tolist(),
}

seeds = [0.741, 0.755, 0.729, 0.77, 0.751]
print(json.dumps({
    "source": f"make_significance.py, numpy {np.__version__}, scipy {scipy.__version__}, statsmodels {statsmodels.__version__}",
    "mcnemarExact": exact, "mcnemarChiSquare": chi, "holm": holm, "chiSquareTail": tails, "wilson": wilson,
    "pairedBootstrap": {"a": a.tolist(), "b": b.tolist(), "difference": float((a - b).mean()), "low": boot.confidence_interval.low, "high": boot.confidence_interval.high, "standardError": float(boot.standard_error)},
    "meanBootstrap": {"low": mean.confidence_interval.low, "high": mean.confidence_interval.high, "standardError": float(mean.standard_error)},
    "calibration": calibration,
    "seeds": {"values": seeds, "mean": float(np.mean(seeds)), "standardDeviation": float(np.std(seeds, ddof=1))},
}, indent=1))
