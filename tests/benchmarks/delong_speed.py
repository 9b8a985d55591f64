"""How fast DeLong's variance and test are: ``python tests/benchmarks/delong_speed.py``.

A real study's size, 1,557 patients (the paper's three cohorts together) read by 8 models: a variance for each
model, a test for each of the 28 pairs, and the matrix of all pairs, by midranks and, for comparison, from the whole
kernel of positive-negative pairs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import combinations
from statistics import median

import numpy as np
from numpy.typing import NDArray

from aln_desk.stats import delong

PATIENTS, POSITIVES, MODELS, REPEATS = 1557, 1013, 8, 5

Scores = NDArray[np.float64]
Outcomes = NDArray[np.bool_]


def study() -> tuple[Outcomes, Scores]:
    """Outcomes (1557,) and correlated scores (8, 1557) of AUC about 0.8."""
    random = np.random.default_rng(0)
    outcome = np.arange(PATIENTS) < POSITIVES
    return outcome, 1.2 * outcome + random.normal(size=PATIENTS) + random.normal(size=(MODELS, PATIENTS))


def kernel_components(outcome: Outcomes, score: Scores) -> tuple[Scores, Scores]:
    """Structural components (m,) and (n,) from all m n pairs."""
    gap = score[outcome][:, None] - score[~outcome][None, :]
    kernel = (np.sign(gap) + 1) / 2
    return kernel.mean(1), kernel.mean(0)


def kernel_variance(outcome: Outcomes, score: Scores) -> float:
    v10, v01 = kernel_components(outcome, score)
    return float(v10.var(ddof=1) / v10.size + v01.var(ddof=1) / v01.size)


def kernel_z(outcome: Outcomes, first: Scores, second: Scores) -> float:
    a10, a01 = kernel_components(outcome, first)
    b10, b01 = kernel_components(outcome, second)
    error = np.sqrt((a10 - b10).var(ddof=1) / a10.size + (a01 - b01).var(ddof=1) / a01.size)
    return float((a10.mean() - b10.mean()) / error)


def timed(work: Callable[[], list[float]]) -> tuple[float, list[float]]:
    """Median seconds of a few runs, and what the work gives."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return median(seconds), result


def main() -> None:
    outcome, scores = study()
    pairs = list(combinations(scores, 2))
    named = {f"model {number}": score for number, score in enumerate(scores)}
    works = {
        f"{MODELS} variances": (
            lambda: [delong.variance(outcome, score) for score in scores],
            lambda: [kernel_variance(outcome, score) for score in scores],
        ),
        f"{len(pairs)} comparisons": (
            lambda: [delong.compare(outcome, *pair).z for pair in pairs],
            lambda: [kernel_z(outcome, *pair) for pair in pairs],
        ),
        f"{MODELS} x {MODELS} matrix": (
            lambda: [each.z for each in delong.matrix(outcome, named).pairs.values()],
            lambda: [kernel_z(outcome, *pair) for pair in pairs],
        ),
    }
    print(f"{PATIENTS} patients, {POSITIVES} positive, {MODELS} models; milliseconds, median of {REPEATS}")
    print(f"{'work':<16}{'midranks':>10}{'kernel':>10}{'ratio':>8}{'largest difference':>20}")
    for name, (fast, slow) in works.items():
        (quick, ours), (long, theirs) = timed(fast), timed(slow)
        apart = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
        print(f"{name:<16}{quick * 1e3:>10.2f}{long * 1e3:>10.2f}{long / quick:>8.1f}{apart:>20.1e}")


if __name__ == "__main__":
    main()
