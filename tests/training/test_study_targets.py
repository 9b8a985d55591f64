"""What has to be reached, and how the tables say whether it was."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import pytest

from training.simulated import EXTERNAL, INTERNAL
from training.study.figures import Figures, Row
from training.study.recipes import SIZES, Ceiling, Contender, Family
from training.study.table import COLUMNS, to_csv, to_markdown
from training.study.targets import Target, targets
from training.study.work import Made

GOOD = Figures(
    patients=273,
    auc=0.92,
    auc_low=0.88,
    auc_high=0.96,
    best=0.93,
    ratio=0.99,
    p_clinical=0.0001,
    p_single_t=0.005,
    dice=0.91,
    type_accuracy=0.98,
    ece=0.03,
    coverage=0.92,
    coverage_low=0.88,
    coverage_high=0.95,
    expected_auc=0.91,
    expected_best=0.935,
    expected_ratio=0.973,
    expected_ece=0.012,
    expected_coverage=0.905,
)


def row(key: str, family: Family | None, ceiling: Ceiling, **changes: float) -> Row:
    made = Made(Contender(key, key, family, "tiny"), key, key, 0.9, 12.5, "cpu") if family else None
    one = replace(GOOD, **changes)  # type: ignore[arg-type]
    return Row(key, key, ceiling, made, 0.9 if made else math.nan, {INTERNAL: one, EXTERNAL: one})


ROWS = [
    row("clinical", "clinical", "best_clinical", auc=0.70, p_clinical=math.nan, dice=math.nan),
    row("single", "single T", "best_tumour", auc=0.78, p_clinical=0.002, p_single_t=math.nan),
    row("mil", "backbone", "best_score"),
    row("best possible: tumour", None, "best_tumour", p_clinical=0.2),
    row("best possible", None, "best_score", ece=0.04),
]


def reached(**changes: float) -> dict[str, bool | None]:
    """By words of a target, on the internal test, of our best with these figures."""
    rows = [*ROWS[:2], row("mil", "backbone", "best_score", **changes), *ROWS[3:]]
    return {one.text: one.reached for one in targets(rows, "mil") if one.cohort == INTERNAL}


def test_all_targets_are_listed_and_reached() -> None:
    found = targets(ROWS, "mil")
    assert [one.cohort for one in found].count(INTERNAL) == 7 and [one.cohort for one in found].count(EXTERNAL) == 6
    assert all(one.reached for one in found)


@pytest.mark.parametrize(
    ("figure", "enough", "too_little", "words"),
    [
        ("ratio", 0.97, 0.9699, "best possible"),
        ("p_single_t", 0.0099, 0.01, "single T < our"),
        ("dice", 0.90, 0.8999, "Dice"),
        ("type_accuracy", 0.98, 0.9799, "type accuracy"),
        ("ece", 0.03, 0.0301, "calibration error"),
        ("coverage", 0.88, 0.8799, "conformal"),
        ("coverage", 0.92, 0.9201, "conformal"),
    ],
)
def test_a_target_is_reached_up_to_its_limit(figure: str, enough: float, too_little: float, words: str) -> None:
    for value, expected in ((enough, True), (too_little, False), (math.nan, None)):
        (found,) = [was for text, was in reached(**{figure: value}).items() if words in text]
        assert found is expected


def test_a_small_p_in_the_wrong_direction_is_no_success() -> None:
    assert reached(auc=0.70)["single T < our best model, p < 0.01"] is False


def test_what_the_truth_itself_reaches_stands_beside() -> None:
    by_text = {one.text: one for one in targets(ROWS, "mil") if one.cohort == INTERNAL}
    assert by_text["clinical < single T, p < 0.01"].possible == 0.2
    assert by_text["calibration error at most 0.03"].possible == 0.04
    expected = {text: one.expected for text, one in by_text.items() if not math.isnan(one.expected)}
    assert sorted(expected.values()) == [0.012, 0.905, 0.973]


@pytest.mark.parametrize("rows", [[], ROWS[2:], ROWS[:2]])
def test_what_is_not_there_is_not_measured(rows: list[Row]) -> None:
    found = [one for one in targets(rows, "mil") if "<" in one.text]
    assert len(found) == 4
    ordered = {one.text: one.reached for one in found}
    assert ordered["single T < our best model, p < 0.01"] is None
    assert (ordered["clinical < single T, p < 0.01"] is None) == (rows != ROWS[:2])


def test_the_table_for_programs_has_a_row_a_model() -> None:
    found = list(csv.DictReader(to_csv(ROWS).splitlines()))
    assert tuple(found[0]) == COLUMNS and [one["model"] for one in found] == [one.key for one in ROWS]
    assert found[0]["internal_dice"] == found[-1]["nominal"] == found[-1]["minutes"] == ""
    assert (found[2]["external_ratio"], found[2]["family"], found[-1]["family"]) == (
        "0.99",
        "backbone",
        "best possible",
    )


def test_the_table_for_people_says_what_was_not_reached_and_what_is_left() -> None:
    found = [Target("it is good", INTERNAL, 0.5, 0.6, math.nan, False)]
    found.append(Target("x, p < 0.01", EXTERNAL, 1e-9, math.nan, 0.02, True))
    text = to_markdown(ROWS, found, "mil", SIZES["cpu"], ["unet"], "All were read.")
    assert "A SUBSET FOR COMPUTERS WITHOUT A GPU" in text and "still to be done: unet." in text
    assert "| it is good | internal test | 0.500 | 0.600 |  | NOT REACHED |" in text
    assert "| x, p < 0.01 | external test | <0.001 |  | 0.020 | reached |" in text
    assert "| mil | 0.920 (0.880 to 0.960) | 0.930 | 0.990 | 0.973 | <0.001 / 0.005 |" in text
    assert "held-out training patients: mil." in text
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(blocks) == 4 and all(
        len({line.count(" | ") for line in block if "---" not in line}) == 1 for block in blocks
    )
    assert "NOT COMPLETE" not in to_markdown(ROWS, found, "mil", SIZES["gpu"], [], "")
