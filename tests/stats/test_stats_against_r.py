"""ROC, DeLong, operating, decision and Holm figures are R's, to the last printed digit (`r/make_roc_fixtures.R`)."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from aln_desk.stats import decision, delong, operating, roc

FOLDER = Path(__file__).parent / "r"
NAMES = ("fine", "tied", "grade", "reverse", "gaps")
Columns = dict[str, NDArray[np.float64]]
Expected = dict[str, dict[str, dict[str, float]]]


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    return math.nan if text == "NA" else float(text)


@pytest.fixture(scope="module")
def study() -> Columns:
    table = rows("roc_scores.csv")
    internal = np.array([row["cohort"] == "internal" for row in table])
    numbers = {name: np.array([number(row[name]) for row in table]) for name in (*NAMES, "outcome", "probability")}
    return {**numbers, "internal": internal}


@pytest.fixture(scope="module")
def expected() -> Expected:
    found: Expected = defaultdict(lambda: defaultdict(dict))
    for row in rows("roc_expected.csv"):
        found[row["test"]][row["of"]][row["figure"]] = float(row["value"])
    return found


def same(found: ArrayLike, wanted: ArrayLike) -> None:
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(wanted, float), rtol=1e-9, atol=1e-14)


def test_areas_and_delongs_limits(study: Columns, expected: Expected) -> None:
    for of, wanted in expected["auc"].items():
        name, level = of.split()
        area, low, high = roc.auc_interval(study["outcome"], study[name], float(level))
        same([area, low, high], [wanted["auc"], wanted["low"], wanted["high"]])
        same(delong.variance(study["outcome"], study[name]), wanted["variance"])
    assert len(expected["auc"]) == 10


def test_the_area_is_harrells_c(study: Columns, expected: Expected) -> None:
    for name, wanted in expected["c"].items():
        same(roc.auc(study["outcome"], study[name]), wanted["c"])


def test_every_point_of_the_curve(study: Columns, expected: Expected) -> None:
    line = roc.curve(study["outcome"], study["grade"])
    points = [expected["curve"][str(i)] for i in range(len(expected["curve"]), 0, -1)]
    same(line.sensitivity, [point["sensitivity"] for point in points])
    same(1 - line.false_positive_rate, [point["specificity"] for point in points])


def test_youdens_threshold(study: Columns, expected: Expected) -> None:
    for name, wanted in expected["youden"].items():
        threshold = operating.youden_threshold(study["outcome"], study[name])
        at = operating.table(study["outcome"], study[name], threshold)
        same([at.sensitivity.value, at.specificity.value], [wanted["sensitivity"], wanted["specificity"]])
        same(threshold, max(wanted["threshold"], study[name].min()))  # R's minus infinity: everyone is positive


def test_paired_tests_and_the_matrix(study: Columns, expected: Expected) -> None:
    table = delong.matrix(study["outcome"], {name: study[name] for name in NAMES}, "holm")
    assert len(expected["paired"]) == len(table.pairs) == 10
    for of, wanted in expected["paired"].items():
        a, b = of.split()
        for result in (delong.compare(study["outcome"], study[a], study[b]), table.pairs[a, b]):
            same([result.difference, result.low, result.high], [wanted["difference"], wanted["low"], wanted["high"]])
            same([result.z, result.p, result.n], [wanted["z"], wanted["p"], wanted["n"]])
        same(table.p[NAMES.index(b), NAMES.index(a)], expected["holm"][of]["p"])


def test_unpaired_tests(study: Columns, expected: Expected) -> None:
    inside = study["internal"].astype(bool)
    outcome = study["outcome"]
    for name, wanted in expected["unpaired"].items():
        score = study[name]
        result = delong.compare_unpaired(outcome[inside], score[inside], outcome[~inside], score[~inside])
        same([result.difference, result.z, result.df], [wanted["difference"], wanted["statistic"], wanted["df"]])
        same([result.p, result.n], [wanted["p"], wanted["n"]])


def test_figures_at_a_threshold(study: Columns, expected: Expected) -> None:
    at = operating.table(study["outcome"], study["fine"], 0.5)
    for name, wanted in expected["threshold"].items():
        share = getattr(at, name)
        same([share.value, share.low, share.high], [wanted["value"], wanted["low"], wanted["high"]])
    assert len(expected["threshold"]) == 6


def test_fixed_sensitivities(study: Columns, expected: Expected) -> None:
    for goal, wanted in expected["at sensitivity"].items():
        threshold = operating.threshold_at_sensitivity(study["outcome"], study["tied"], float(goal))
        assert threshold == wanted["threshold"]


def test_mcnemar(study: Columns, expected: Expected) -> None:
    wanted = expected["mcnemar"]["fine tied"]
    result = operating.mcnemar(study["outcome"], study["fine"] >= 0.5, study["tied"] >= 0.5)
    same([result.only_a, result.only_b, result.p], [wanted["only_a"], wanted["only_b"], wanted["p"]])


def test_average_precision(study: Columns, expected: Expected) -> None:
    for name, wanted in expected["average precision"].items():
        same(roc.precision_recall(study["outcome"], study[name]).average_precision, wanted["value"])


def test_decision_curve(study: Columns, expected: Expected) -> None:
    thresholds = [float(of) for of in expected["net benefit"]]
    found = decision.curve(study["outcome"], study["probability"], thresholds)
    bands = {"net benefit": found.model, "treat all": found.treat_all, "avoided": found.avoided}
    for test, band in bands.items():
        for i, wanted in enumerate(expected[test].values()):
            same([band.value[i], band.low[i], band.high[i]], [wanted["value"], wanted["low"], wanted["high"]])
