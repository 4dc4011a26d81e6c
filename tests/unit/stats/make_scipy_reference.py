#!/usr/bin/env python3
"""Prints the numbers of scipy_reference.hpp. Needs numpy and scipy; the tests need neither."""
import numpy as np
import scipy
from scipy import stats


def scores(n, a, b, m):
    """The tests make the same numbers by the same formula."""
    return np.array([((i * a + b) % m) / m for i in range(n)])


def mean(x, axis=-1):
    return np.mean(x, axis=axis)


x, y = scores(12, 37, 5, 101), scores(12, 53, 11, 89) * 0.8
small = stats.permutation_test((x - y,), mean, permutation_type="samples", n_resamples=np.inf)
u, v = scores(60, 37, 5, 101), scores(60, 53, 11, 89) ** 1.6
large = stats.permutation_test((u - v,), mean, permutation_type="samples", n_resamples=200_000,
                               random_state=np.random.default_rng(1))
print("// Made by make_scipy_reference.py with scipy", scipy.__version__ + ". Do not edit.")
print("#pragma once\nnamespace scipy_reference {")


def put(name, value):
    print(f"inline constexpr double {name} = {float(value)!r};")


put("small_mean", np.mean(x - y))
put("small_error", stats.sem(x - y))
put("small_p", small.pvalue)
put("large_p", large.pvalue)
for kind in ("percentile", "BCa"):
    interval = stats.bootstrap((u - v,), mean, method=kind, n_resamples=400_000, batch=20_000,
                               random_state=np.random.default_rng(2)).confidence_interval
    put(f"large_{kind.lower()}_low", interval.low)
    put(f"large_{kind.lower()}_high", interval.high)
skewed = np.exp(3 * scores(40, 37, 5, 101)) / 20
interval = stats.bootstrap((skewed,), mean, method="BCa", n_resamples=400_000, batch=20_000,
                           random_state=np.random.default_rng(3)).confidence_interval
put("skewed_bca_low", interval.low)
put("skewed_bca_high", interval.high)
put("power_questions", ((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * 0.5 / 0.05) ** 2)
print("}  // namespace scipy_reference")
