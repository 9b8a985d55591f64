"""How fast the figures of an evaluation are: ``python tests/benchmarks/figures_speed.py``.

One score's figures, and the DeLong matrix of 8 models, for a real study's 1,557 patients and for 100,000.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from aln_desk.stats import bootstrap, decision, delong, operating, roc

MODELS, REPEATS = 8, 3


def works(patients: int) -> dict[str, Callable[[], object]]:
    """What is timed, by name, for scores of AUC about 0.8."""
    random = np.random.default_rng(0)
    outcome = random.random(patients) < 0.65
    scores = 1.2 * outcome + random.normal(size=patients) + random.normal(size=(MODELS, patients))
    first, second = scores[0], scores[1]
    probability = 1 / (1 + np.exp(-first))
    thresholds = np.arange(1, 100) / 100
    summands = np.column_stack([first, np.ones(patients)])
    return {
        "AUC and interval": lambda: roc.auc_interval(outcome, first),
        "ROC curve": lambda: roc.curve(outcome, first),
        "PR curve": lambda: roc.precision_recall(outcome, first),
        "average precision, 2,000 resamples": lambda: roc.average_precision_interval(outcome, first),
        "decision curve, 99 thresholds": lambda: decision.curve(outcome, probability, thresholds),
        "figures at a threshold": lambda: operating.table(outcome, first, 0.5),
        "Youden's threshold": lambda: operating.youden_threshold(outcome, first),
        "McNemar": lambda: operating.mcnemar(outcome, first > 0.5, second > 0.5),
        "DeLong, paired": lambda: delong.compare(outcome, first, second),
        "DeLong, unpaired": lambda: delong.compare_unpaired(outcome, first, outcome, second),
        "DeLong matrix of 8, Holm": lambda: delong.matrix(outcome, dict(zip("abcdefgh", scores, strict=True)), "holm"),
        "cluster bootstrap of a mean, 2,000": lambda: bootstrap.interval_of_sums(
            lambda sums: sums[..., 0] / sums[..., 1], summands, np.arange(patients) // 2
        ),
    }


def milliseconds(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return 1e3 * median(spent)


def main() -> None:
    few, many = works(1557), works(100_000)
    print(f"milliseconds, median of {REPEATS}")
    print(f"{'figure':<38}{'1,557 patients':>16}{'100,000':>12}")
    for name in few:
        print(f"{name:<38}{milliseconds(few[name]):>16.1f}{milliseconds(many[name]):>12.1f}")


if __name__ == "__main__":
    main()
