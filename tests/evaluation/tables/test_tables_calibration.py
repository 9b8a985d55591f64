from __future__ import annotations

import math
import re

import numpy as np
import pytest
from made_studies import cell, make_patients, make_results, make_scorer, notes

from aln_desk.evaluation.tables.calibration_table import calibration_table
from aln_desk.stats import calibration_curve


def test_figures_are_those_of_the_statistics() -> None:
    rng = np.random.default_rng(2)
    probability = rng.uniform(0.05, 0.95, 200)
    patients = make_patients("test", (rng.random(200) < probability).astype(int).tolist())
    table = calibration_table(make_results([make_scorer("A", patients, probability.tolist())], patients))
    outcome = [patient.outcome for patient in patients]
    slope = calibration_curve.recalibration(outcome, probability).slope
    assert cell(table, "test: A", "Slope (95 % CI)") == f"{slope.value:.3f} ({slope.low:.3f} to {slope.high:.3f})"
    assert cell(table, "test: A", "ECE") == f"{calibration_curve.curve(outcome, probability).ece:.3f}"


def test_the_brier_score_has_the_interval_of_a_mean() -> None:
    patients = make_patients("test", [1, 0, 1, 0])
    table = calibration_table(make_results([make_scorer("A", patients, [0.9, 0.1, 0.5, 0.6])], patients))
    errors = np.array([0.01, 0.01, 0.25, 0.36])
    reach = 1.959964 * errors.std(ddof=1) / 2
    wanted = f"{errors.mean():.3f} ({max(0, errors.mean() - reach):.3f}–{errors.mean() + reach:.3f})"
    assert cell(table, "test: A", "Brier score (95 % CI)") == wanted


def test_scores_that_are_no_probabilities_have_dashes() -> None:
    patients = make_patients("test", [1, 0, 1, 0])
    table = calibration_table(make_results([make_scorer("A", patients, [3, 1, 5, 2], probability=False)], patients))
    assert set(table.rows[1][2:]) == {"–"}
    assert "these scores are no probabilities (A on test)" in notes(table)


@pytest.mark.parametrize(
    ("outcomes", "scores", "reason"),
    [
        ([1, 1, 1], [0.5, 0.6, 0.7], "outcome"),
        ([1, 0, 1], [0.5, 0.5, 0.5], "same probability"),
        ([1, 0, 1], [0.9, 0.2, 0.8], "separates"),
        ([1, 0, 1], [0.9, 1.2, 0.8], "outside 0 to 1"),
        ([1, 0], [math.nan, math.nan], "no patients"),
    ],
)
def test_an_undefined_slope_has_a_reason(outcomes: list[int], scores: list[float], reason: str) -> None:
    patients = make_patients("test", outcomes)
    table = calibration_table(make_results([make_scorer("A", patients, scores)], patients))
    assert cell(table, "test: A", "Slope (95 % CI)") == "–"
    assert re.search(rf"– not defined: [^(]*{reason}[^(]*\([^)]*slope of A on test", notes(table))


def test_figures_beyond_the_probabilities_are_dashes() -> None:
    patients = make_patients("test", [1, 0, 1])
    table = calibration_table(make_results([make_scorer("A", patients, [0.9, 1.2, 0.8])], patients))
    assert set(table.rows[1][2:]) == {"–"}
