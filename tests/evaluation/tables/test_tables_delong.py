from __future__ import annotations

import math

import numpy as np
from made_studies import cell, make_patients, make_results, make_scorer, notes

from aln_desk.evaluation.results import Results
from aln_desk.evaluation.tables.delong_table import delong_table
from aln_desk.stats import delong, operating
from aln_desk.stats.multiple import holm


def three() -> Results:
    rng = np.random.default_rng(5)
    patients = make_patients("test", [1, 0] * 40)
    outcome = np.array([patient.outcome for patient in patients], float)
    draws = {"A": outcome + rng.normal(0, 0.7, 80), "B": outcome + rng.normal(0, 2, 80), "C": rng.normal(0, 1, 80)}
    return make_results([make_scorer(name, patients, list(drawn)) for name, drawn in draws.items()], patients)


def test_every_pair_with_its_corrected_p() -> None:
    results = three()
    table = delong_table(results)
    outcome, scores = results.together("test")
    tests = [delong.compare(outcome, scores[a], scores[b]) for a, b in ("AB", "AC", "BC")]
    assert [row[0] for row in table.rows] == ["test", "A – B", "A – C", "B – C"]
    for row, test, p in zip(table.rows[1:], tests, holm([test.p for test in tests]), strict=True):
        assert row[1] == "80" and row[2].startswith(f"{test.difference:.3f} (")
        assert row[4:6] == tuple("<0.001" if each < 0.001 else f"{each:.3f}" for each in (test.p, p))


def test_mcnemar_compares_the_calls_at_each_one_s_threshold() -> None:
    results = three()
    outcome, scores = results.together("test")
    test = operating.mcnemar(outcome, scores["A"] >= 0.5, scores["C"] >= 0.5)
    table = delong_table(results)
    assert cell(table, "test: A – C", "Accuracy difference") == f"{test.difference:.3f}"
    assert cell(table, "test: A – C", "McNemar's p") == ("<0.001" if test.p < 0.001 else f"{test.p:.3f}")


def test_pairs_are_of_the_patients_who_have_both_scores() -> None:
    patients = make_patients("test", [1, 0, 1, 0, 1, 0])
    first = make_scorer("A", patients, [0.9, 0.1, 0.8, 0.6, math.nan, 0.3])
    second = make_scorer("B", patients, [0.4, 0.2, 0.8, 0.9, 0.7, math.nan], math.nan)
    table = delong_table(make_results([first, second], patients))
    assert cell(table, "test: A – B", "Patients") == "4"
    assert cell(table, "test: A – B", "McNemar's p") == "–"
    assert "no patient is called by both at a threshold (accuracies of A – B on test)" in notes(table)


def test_one_outcome_has_no_comparison() -> None:
    patients = make_patients("test", [1, 1])
    scorers = [make_scorer(name, patients, [0.4, 0.6]) for name in "AB"]
    table = delong_table(make_results(scorers, patients))
    assert table.rows[1][2:6] == ("–", "–", "–", "–")
    assert "no patient has a negative outcome (AUCs of A – B on test)" in notes(table)


def test_a_single_scorer_has_no_pair() -> None:
    patients = make_patients("test", [1, 0])
    assert delong_table(make_results([make_scorer("A", patients, [0.9, 0.1])], patients)).rows == ()


def test_many_pairs_without_a_figure_are_told_by_what_they_have_in_common() -> None:
    patients = make_patients("test", [1, 0] * 4) + make_patients("one", [1] * 4)
    scores = [0.1 * place for place in range(12)]
    thresholds = {"A": 0.5, "B": 0.5, "C": 0.5, "D": 0.5, "Radiomics": math.nan}
    scorers = [make_scorer(name, patients, scores, at) for name, at in thresholds.items()]
    told = notes(delong_table(make_results(scorers, patients)))
    assert "both at a threshold (accuracies of all pairs with Radiomics on test, one)" in told
    assert "no patient has a negative outcome (AUCs of all pairs on one)" in told
    assert told.count("Radiomics") == 2  # its threshold is told too


def test_pairs_with_nobody_in_common_are_counted() -> None:
    patients = make_patients("test", [1, 0] * 6)
    halves = {name: [0.5 if (place < 6) == (name in "ABC") else math.nan for place in range(12)] for name in "ABCDE"}
    told = notes(delong_table(make_results([make_scorer(name, patients, halves[name]) for name in halves], patients)))
    assert "(AUCs of 6 pairs on test)" in told
    assert "at a threshold (accuracies of 6 pairs on test)" in told
