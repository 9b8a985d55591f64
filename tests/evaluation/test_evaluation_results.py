"""The figures of scorers on cohorts, the patients behind them, and what is told of bad input."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.results import Results, part, work_out
from aln_desk.evaluation.selection import Filter, Selection, ThresholdRule
from aln_desk.stats import delong, roc
from aln_desk.stats.operating import Confusion

TEST = Cohort("test", Role.INTERNAL_TEST)
OTHER = Cohort("other", Role.EXTERNAL_TEST)
SCORES = {"P1": 0.9, "P2": 0.6, "P3": 0.55, "P4": 0.4, "P5": 0.2, "U": 0.8, "Q1": 0.7}
OUTCOMES = {"P1": 1, "P2": 1, "P3": 0, "P4": 1, "P5": 0, "U": None}
PATIENTS = [Patient(name, "test", outcome) for name, outcome in OUTCOMES.items()] + [Patient("Q1", "other", 1)]
MODEL = Scorer("m1", "SegFormer", "model", SCORES, 0.5, frozenset({"P3", "U"}))


def results(*scorers: Scorer, rule: ThresholdRule | None = None, filters: tuple[Filter, ...] = ()) -> Results:
    keys = tuple(one.key for one in scorers)
    selection = Selection(keys, ("test", "other"), filters, rule or ThresholdRule())
    return work_out(selection, scorers, [OTHER, TEST], PATIENTS)


def test_a_part_holds_patients_of_known_outcome_and_their_figures() -> None:
    found = results(MODEL).parts["m1", "test"]
    assert found.patients == ("P1", "P2", "P3", "P4", "P5")
    assert found.outcome.tolist() == [1, 1, 0, 1, 0]
    assert (found.positive, found.uncertain, found.missing, found.reason) == (3, ("P3",), (), "")
    assert (found.auc, found.low, found.high) == roc.auc_interval([1, 1, 0, 1, 0], [0.9, 0.6, 0.55, 0.4, 0.2])
    assert found.confusion is not None and found.operating is not None
    assert (found.confusion.tp, found.confusion.fp, found.confusion.tn, found.confusion.fn) == (2, 1, 1, 1)
    assert found.operating.sensitivity.value == pytest.approx(2 / 3)


def test_patients_behind_a_cell_the_highest_score_first() -> None:
    found = results(MODEL).parts["m1", "test"]
    cells = {(outcome, called): found.behind(outcome, called) for outcome in (0, 1) for called in (0, 1)}
    assert cells == {(0, 0): ("P5",), (0, 1): ("P3",), (1, 0): ("P4",), (1, 1): ("P1", "P2")}
    assert found.of(np.flatnonzero(found.score < 0.6)) == ("P3", "P4", "P5")


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=20), st.floats(0, 1) | st.just(math.nan))
def test_cells_count_what_the_confusion_matrix_counts(drawn: list[tuple[bool, float]], threshold: float) -> None:
    patients = [Patient(str(number), "test", int(outcome)) for number, (outcome, _) in enumerate(drawn)]
    scores = {str(number): score for number, (_, score) in enumerate(drawn)}
    found = part(Scorer("m", "m", "model", scores, threshold), "test", patients, ThresholdRule())
    counts = found.confusion
    cells = [len(found.behind(*cell)) for cell in ((1, 1), (0, 1), (0, 0), (1, 0))]
    assert cells == ([0] * 4 if counts is None else [counts.tp, counts.fp, counts.tn, counts.fn])
    assert (counts is None) == math.isnan(threshold)


@pytest.mark.parametrize(
    ("rule", "threshold"),
    [
        (ThresholdRule(), 0.5),
        (ThresholdRule("value", 0.3), 0.3),
        (ThresholdRule("sensitivity", 0.6), 0.6),
        (ThresholdRule("sensitivity", 1.0), 0.4),
        (ThresholdRule("youden"), 0.575),
    ],
)
def test_each_rule_has_its_threshold(rule: ThresholdRule, threshold: float) -> None:
    assert results(MODEL, rule=rule).parts["m1", "test"].threshold == pytest.approx(threshold)


def test_everything_in_the_order_of_the_selection() -> None:
    reader = Scorer("reader:A", "A", "reader", SCORES, 0.625, probability=False)
    found = results(reader, MODEL)
    assert [one.key for one in found.scorers] == ["reader:A", "m1"]
    assert [one.name for one in found.cohorts] == ["test", "other"]
    assert list(found.parts) == [(key, name) for key in ("reader:A", "m1") for name in ("test", "other")]
    assert [one.scorer.key for one in found.of_cohort("other")] == ["reader:A", "m1"]


def test_delongs_test_takes_the_patients_whom_both_have_scored() -> None:
    other = Scorer("m2", "Other", "model", {"P1": 0.1, "P2": 0.5, "P3": 0.2, "P5": math.nan, "P4": 0.9}, 0.5)
    matrix = results(MODEL, other).delong("test")
    expected = delong.compare([1, 1, 0, 1], [0.9, 0.6, 0.55, 0.4], [0.1, 0.5, 0.2, 0.9])
    assert matrix.names == ("m1", "m2")
    assert matrix.pairs["m1", "m2"] == expected
    assert expected.n == 4


def test_one_outcome_alone_has_no_auc_and_says_so() -> None:
    found = results(MODEL)
    (told,) = found.problems
    assert told.startswith("SegFormer on other: one outcome only") and "Add patients of the other outcome" in told
    assert math.isnan(found.parts["m1", "other"].auc)


@pytest.mark.parametrize(("names", "alone"), [(("P1", "P3", "P5"), "positive"), (("P1", "P2", "P3"), "negative")])
def test_one_patient_of_an_outcome_has_no_interval_and_says_so(names: tuple[str, ...], alone: str) -> None:
    found = results(replace(MODEL, scores={name: SCORES[name] for name in names}))
    told = f"SegFormer on test: one {alone} patient only, so the AUC has no interval. Add {alone} patients."
    assert told in found.problems
    assert found.parts["m1", "test"].auc == 1.0 and math.isnan(found.parts["m1", "test"].low)
    assert not any("interval" in one for one in results(MODEL).problems)


@pytest.mark.parametrize(
    ("scorer", "sentences"),
    [
        (
            Scorer("m", "M", "model", {"P1": 0.5}),
            ["4 patients (P2, P3, P4 ...) without a score", "no frozen threshold"],
        ),
        (Scorer("r", "R", "reader", {}, 0.6), ["Let the reader judge them"]),
        (Scorer("i", "I", "import", SCORES | {"X": 0.1}), ["1 patient (X) not in this project", "Import the scores"]),
        (
            Scorer("o", "O", "model", SCORES | {"P1": 1.5}, 0.5),
            ["O on test: 1 score lies outside 0 to 1. Let the model read the project again."],
        ),
    ],
)
def test_bad_input_is_told_with_the_remedy(scorer: Scorer, sentences: list[str]) -> None:
    told = " | ".join(results(scorer).problems)
    assert [sentence for sentence in sentences if sentence not in told] == []


def test_scores_that_are_no_probabilities_may_lie_anywhere() -> None:
    free = Scorer("i", "I", "import", SCORES | {"P1": 7.5}, 0.5, probability=False)
    assert not any("outside" in sentence for sentence in results(free).problems)


def test_test_patients_whom_a_training_used_are_told() -> None:
    leaking = replace(MODEL, trained_on=frozenset({"P2", "P4", "elsewhere"}))
    (told,) = [one for one in results(leaking).problems if "training" in one]
    assert told.startswith("SegFormer on test: its training used 2 patients (P2, P4), so its figures here are too good")
    assert not any("training" in one for one in results(MODEL).problems)
    cohorts = [Cohort("test", Role.TRAIN), OTHER]
    learning = work_out(Selection(("m1",), ("test", "other")), [leaking], cohorts, PATIENTS)
    assert not any("training" in one for one in learning.problems), "there nobody expects anything else"


def test_what_is_not_there_is_told() -> None:
    found = work_out(Selection(("m9",), ("nowhere",)), [MODEL], [TEST], PATIENTS)
    assert found.parts == {} and found.scorers == () and found.cohorts == ()
    assert ["m9" in found.problems[0], "nowhere" in found.problems[1]] == [True, True]


def test_filters_that_let_nobody_pass_are_told() -> None:
    found = results(MODEL, filters=(Filter("t_stage", frozenset("4")),))
    assert [sentence for sentence in found.problems if "passes the filters" in sentence] == list(found.problems)
    assert len(found.problems) == 2
    empty = found.parts["m1", "test"]
    assert (empty.patients, empty.reason) == ((), "no patient with an outcome and a score")
    assert empty.confusion == Confusion(0, 0, 0, 0)
