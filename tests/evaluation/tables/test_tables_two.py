from __future__ import annotations

import math
from dataclasses import replace

import pytest
from made_studies import called, cell, make_patients, make_results, make_scorer, notes

from aln_desk.domain.patient import Patient
from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.selection import ThresholdRule
from aln_desk.evaluation.tables.table_two import comparators, table_two
from aln_desk.stats import delong
from aln_desk.stats.operating import Confusion

# The paper's counts, and its published proportions in the order of the columns (Swin's F1 corrected).
PAPER = {
    "clinical": (Confusion(126, 30, 59, 58), ("0.678", "0.685", "0.663", "0.808", "0.504", "0.741")),
    "SegFormer": (Confusion(150, 13, 76, 34), ("0.828", "0.815", "0.854", "0.920", "0.691", "0.865")),
    "Swin": (Confusion(85, 12, 34, 9), ("0.850", "0.904", "0.739", "0.876", "0.791", "0.890")),
}
FIGURES = ("Accuracy", "Sensitivity", "Specificity", "PPV", "NPV", "F1")


def two_scorers(threshold: float = 0.5) -> tuple[list[Scorer], list[Patient]]:
    patients = make_patients("test", [1, 1, 1, 1, 0, 0, 0, 0])
    good = make_scorer("good", patients, [0.9, 0.8, 0.7, 0.3, 0.6, 0.2, 0.2, 0.1], threshold)
    return [good, make_scorer("poor", patients, [0.9, 0.4, 0.3, 0.6, 0.8, 0.5, 0.2, 0.7], threshold)], patients


@pytest.mark.parametrize("model", PAPER)
def test_the_paper_s_table_from_its_counts(model: str) -> None:
    counts, published = PAPER[model]
    patients, scores = called("test", counts)
    scorer = Scorer("key", model, "model", scores, 0.5)
    table = table_two(make_results([scorer], patients), intervals=False)
    assert tuple(cell(table, f"test: {model}", name) for name in FIGURES) == published


def test_intervals_are_wilson_s() -> None:
    patients, scores = called("test", Confusion(8, 1, 3, 4))
    table = table_two(make_results([Scorer("key", "A", "model", scores, 0.5)], patients))
    # 8 of 12 and 3 of 4, by R's prop.test(correct = FALSE)
    assert cell(table, "test: A", "Sensitivity") == "0.667 (0.391–0.862)"
    assert cell(table, "test: A", "Specificity") == "0.750 (0.301–0.954)"
    assert cell(table, "test: A", "Patients (positive)") == "16 (12)"


def test_p_is_delong_s_against_the_first_where_no_comparator_is_named() -> None:
    scorers, patients = two_scorers()
    results = make_results(scorers, patients)
    outcome, scores = results.together("test")
    p = delong.compare(outcome, scores["POOR"], scores["GOOD"]).p
    table = table_two(results)
    assert table.spans[-1] == ("DeLong's p against", 1)
    assert table.rows[1][-1] == "reference"
    assert table.rows[2][-1] == f"{p:.3f}"


def test_comparators_are_told_by_their_names() -> None:
    _, patients = two_scorers()
    scores = [0.5] * len(patients)
    named = [make_scorer(name, patients, scores) for name in ("SegFormer", "Single-T", "Clinical model")]
    assert comparators(named) == ("SINGLE-T", "CLINICAL MODEL")
    assert comparators(named[:1]) == ()
    assert comparators([named[0], named[0]]) == ("SEGFORMER",)


def test_asked_references_and_none() -> None:
    scorers, patients = two_scorers()
    results = make_results(scorers, patients)
    assert table_two(results, ["POOR"]).columns[-1] == "poor"
    assert table_two(results, []).columns[-1] == "F1"


def test_uncertain_patients_are_counted_where_a_model_leaves_some_open() -> None:
    scorers, patients = two_scorers()
    table = table_two(make_results(scorers, patients))
    assert "Uncertain (%)" not in table.columns
    open_ones = make_scorer("open", patients, [0.5] * 8, uncertain=["test 0", "test 5"])
    table = table_two(make_results([*scorers, open_ones], patients))
    assert cell(table, "test: open", "Uncertain (%)") == "2 (25.0)"
    assert cell(table, "test: good", "Uncertain (%)") == "0 (0.0)"
    other = replace(make_scorer("other", patients, [0.4] * 8), key="import:other", kind="import")
    table = table_two(make_results([other, open_ones], patients))
    assert cell(table, "test: other", "Uncertain (%)") == "–", "what only scores cannot leave a verdict open"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (ThresholdRule(), "Threshold frozen with the model, before any test: good 0.500; poor 0.500."),
        (ThresholdRule("value", 0.25), "One threshold for all: good 0.250; poor 0.250."),
        (
            ThresholdRule("sensitivity", 0.9),
            "Highest threshold that reaches a sensitivity of 0.900 in the cohort: good 0.3",
        ),
        (ThresholdRule("youden"), "Threshold of the greatest Youden index in the cohort: good 0.250; poor 0."),
    ],
)
def test_the_notes_say_where_the_threshold_comes_from(rule: ThresholdRule, words: str) -> None:
    scorers, patients = two_scorers()
    told = notes(table_two(make_results(scorers, patients, rule)))
    assert words in told
    assert ("too good to be true" in told) == rule.uses_outcomes


def test_thresholds_that_differ_are_told_by_cohort() -> None:
    scorers, patients = two_scorers()
    other = make_patients("other", [1, 0])
    both = make_scorer("good", [*patients, *other], [*scorers[0].scores.values(), 0.2, 0.1])
    told = notes(table_two(make_results([both], [*patients, *other], ThresholdRule("youden"))))
    assert "good 0.250 (test), 0.150 (other)." in told


def test_what_is_not_defined_is_a_dash_and_never_a_number() -> None:
    patients = make_patients("test", [1, 1, 1])
    table = table_two(make_results([make_scorer("A", patients, [0.9, 0.1, 0.8])], patients))
    assert cell(table, "test: A", "AUC (95 % CI)") == "–"
    assert cell(table, "test: A", "Specificity") == "–"
    assert cell(table, "test: A", "Sensitivity").startswith("0.667 (")
    assert "– not defined: no patient has a negative outcome (AUC of A on test; Specificity of A on test)." in notes(
        table
    )


def test_a_scorer_without_threshold_has_an_auc_only() -> None:
    scorers, patients = two_scorers(math.nan)
    table = table_two(make_results(scorers, patients))
    assert cell(table, "test: good", "AUC (95 % CI)").startswith("0.938 (")
    assert {cell(table, "test: good", name) for name in FIGURES} == {"–"}
    assert "there is no threshold (figures at the threshold of good on test; " in notes(table)


def test_patients_without_a_score_are_told() -> None:
    scorers, patients = two_scorers()
    few = make_scorer("few", patients, [0.9, 0.8, math.nan, 0.3, 0.6, 0.2, 0.2, math.nan])
    table = table_two(make_results([few, scorers[0]], patients))
    assert cell(table, "test: few", "Patients (positive)") == "6 (3)"
    assert "Patients without a score, who are left out: few on test 2." in notes(table)


def test_perfect_separation_is_told() -> None:
    patients = make_patients("test", [1, 1, 0, 0])
    table = table_two(make_results([make_scorer("A", patients, [0.9, 0.8, 0.2, 0.1])], patients))
    assert cell(table, "test: A", "AUC (95 % CI)") == "1.000 (1.000–1.000)"
    assert "interval has no width: A on test." in notes(table)


def test_one_score_for_all_is_no_perfect_separation() -> None:
    patients = make_patients("test", [1, 1, 0, 0])
    table = table_two(make_results([make_scorer("A", patients, [0.5] * 4)], patients))
    assert cell(table, "test: A", "AUC (95 % CI)") == "0.500 (0.500–0.500)"
    assert "The score tells no patients apart, so DeLong's interval has no width: A on test." in notes(table)
    assert "perfectly" not in notes(table)


def test_nothing_chosen_is_an_empty_table() -> None:
    assert table_two(make_results([], [])).rows == ()
