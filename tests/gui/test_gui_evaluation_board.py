from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from evaluation_scores import GOOD, OUTCOMES, POOR, board, patients, scorer

from aln_desk.evaluation.tables.table import Table
from aln_desk.gui.pages import evaluation_behind as behind
from aln_desk.gui.pages.evaluation_board import Board, make_bands, slope
from aln_desk.gui.pages.evaluation_curves import CalibrationPlot, DecisionPlot, Plot, PrecisionPlot, RocPlot
from aln_desk.gui.pages.evaluation_table import of_cohort

PLOTS = (RocPlot(), PrecisionPlot(), DecisionPlot(), CalibrationPlot())


def points(made: Board, plot: Plot, key: str = GOOD, cohort: str = "internal") -> list[tuple[str, ...]]:
    """Patients behind each point of a scorer's line."""
    place = [one.key for one in made.scorers].index(key)
    line = plot.lines(made, {}, cohort)[place]
    return [plot.behind(made, (key, cohort), point).patients for point in range(line.x.size)]


def test_scorers_keep_their_colour_whoever_else_is_ticked() -> None:
    both, alone = board(), board(scorers=(scorer(POOR),))
    assert both.series == {GOOD: 0, POOR: 1}
    assert alone.series == {POOR: 0}
    assert [line.series for line in RocPlot().lines(both, {}, "internal")] == [0, 1, -1]


@pytest.mark.parametrize("plot", [RocPlot(), PrecisionPlot()])
def test_each_patient_is_behind_the_step_of_its_score(plot: Plot) -> None:
    steps = [step for step in points(board(), plot) if step]
    assert steps == [(f"internal-{n}",) for n in (0, 1, 3, 2, 4, 5)]


def test_nobody_is_behind_the_beginning_of_a_roc_curve() -> None:
    made = board()
    first = RocPlot().behind(made, (GOOD, "internal"), 0)
    assert first.patients == () and first.title == "Nobody is called positive here · Good"
    assert "Nobody called positive" in RocPlot().lines(made, {}, "internal")[0].tell(0)


@pytest.mark.parametrize("plot", [DecisionPlot(), CalibrationPlot()])
def test_every_patient_is_behind_exactly_one_point_of_the_other_plots(plot: Plot) -> None:
    found = [patient for step in points(board(), plot) for patient in step]
    assert sorted(found) == [f"internal-{n}" for n in range(6)]


def test_tied_patients_are_behind_one_point() -> None:
    tied = replace(scorer(GOOD), scores=dict.fromkeys((f"internal-{n}" for n in range(6)), 0.5))
    made = board(scorers=(tied,))
    assert [len(step) for step in points(made, RocPlot())] == [0, 6]
    assert [len(step) for step in points(made, CalibrationPlot())] == [6]


def test_the_ring_is_at_the_operating_point() -> None:
    lines = RocPlot().lines(board(), {}, "internal")
    assert lines[0].ring == pytest.approx((1 / 3, 2 / 3))
    no_threshold = board(scorers=(scorer(GOOD, threshold=math.nan),))
    assert RocPlot().lines(no_threshold, {}, "internal")[0].ring is None


def test_scores_that_are_no_probabilities_have_no_decision_curve_and_no_calibration() -> None:
    made = board(scorers=(scorer(GOOD, probability=False), scorer(POOR)))
    assert list(made.decisions) == list(made.calibrated) == [(POOR, "internal")]
    for plot in (DecisionPlot(), CalibrationPlot()):
        assert plot.lines(made, {}, "internal")[0].x.size == 0
        assert plot.figures(made, {}, (GOOD, "internal")) == "no probabilities"


def test_scores_outside_0_and_1_do_not_break_the_page() -> None:
    wild = replace(scorer(GOOD), scores={patient.id: 7.0 * place - 20 for place, patient in enumerate(patients())})
    made = board(scorers=(wild,))
    assert not made.decisions and made.results.problems
    assert RocPlot().lines(made, {}, "internal")[0].x.size


def test_one_outcome_only_is_said_and_nothing_is_drawn() -> None:
    made = board("one kind")
    for plot in PLOTS:
        assert all(plot.entries(made, {}, "one kind")[place].name for place in (0, 1))
    assert RocPlot().lines(made, {}, "one kind")[0].x.size == 0
    assert RocPlot().figures(made, {}, (GOOD, "one kind")) == "– one outcome only"


def test_the_second_pass_adds_bands_and_intervals() -> None:
    made = board()
    one = made.results.parts[GOOD, "internal"]
    found = make_bands(one)
    bands = {(GOOD, "internal"): found}
    assert RocPlot().lines(made, {}, "internal")[0].band is None
    band = RocPlot().lines(made, bands, "internal")[0].band
    assert band is not None and np.all(band[1] <= band[2])
    assert PrecisionPlot().figures(made, {}, (GOOD, "internal")) == "0.917"
    assert PrecisionPlot().figures(made, bands, (GOOD, "internal")).startswith("0.917 (")
    assert "slope" not in CalibrationPlot().figures(made, bands, (GOOD, "internal"))
    known = {(GOOD, "internal"): replace(found, slope=slope(one))}
    assert "slope" in CalibrationPlot().figures(made, known, (GOOD, "internal"))


def test_who_is_decided_differently() -> None:
    made = board()
    good, poor = (made.results.parts[key, "internal"] for key in (GOOD, POOR))
    found = behind.apart(good, poor)
    assert found.patients == ("internal-1", "internal-3", "internal-2", "internal-4")
    assert found.scorers == (GOOD, POOR) and found.cohort == "internal"
    assert set(behind.apart(poor, good).patients) == set(found.patients)
    assert set(behind.wrongly_called(good).patients) == {"internal-2", "internal-3"}


def test_without_a_threshold_nobody_disagrees_and_it_says_so() -> None:
    made = board(scorers=(scorer(GOOD, threshold=math.nan), scorer(POOR)))
    found = behind.apart(*(made.results.parts[key, "internal"] for key in (GOOD, POOR)))
    assert found.patients == () and "without a threshold" in found.title


def test_the_rows_of_a_forest_plot_name_their_patients() -> None:
    made = board(looked_at=POOR)
    assert made.looked_at == POOR
    one = made.results.parts[POOR, "internal"]
    found = {
        (group.variable, group.label): behind.in_subgroup(one, made.results.patients["internal"], group)
        for group in made.subgroups["internal"]
    }
    assert len(found["", "All patients"].patients) == 6
    assert set(found["T stage", "1"].patients) == {"internal-0", "internal-2", "internal-4"}
    assert all(len(found[group.variable, group.label].patients) == group.n for group in made.subgroups["internal"])


def test_an_empty_selection_gives_an_empty_board() -> None:
    made = board(scorers=(), looked_at="nobody")
    nothing = replace(made.results, parts={}, scorers=(), cohorts=())
    assert replace(made, results=nothing).cohorts == ()
    assert board("external", "internal").cohorts == ("external", "internal")


def test_table_two_is_shown_cohort_by_cohort() -> None:
    table = board("external", "internal").table_two
    assert table is not None
    external, internal = of_cohort(table, "external"), of_cohort(table, "internal")
    assert [row[0] for row in external.rows] == [row[0] for row in internal.rows] == ["Good", "Poor"]
    assert external.rows[0][1].startswith(str(len(OUTCOMES["external"])))
    flat = Table("t", "T", ("a", "b"), (("x", "1"),))
    assert of_cohort(flat, "external") is flat
