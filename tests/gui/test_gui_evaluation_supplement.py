from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import publishable_study
import pytest
from evaluation_scores import COHORTS, GOOD, POOR, board, keep_findings, scorer, write_project
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot
from run_folders import make_run

from aln_desk import cli
from aln_desk.domain.messages import Curve
from aln_desk.evaluation import gather
from aln_desk.evaluation.results import Results, work_out
from aln_desk.evaluation.selection import BY_RULE, Choices, Selection, ThresholdRule
from aln_desk.evaluation.tables.table import Table, to_csv
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages import evaluation_supplement_work as work_module
from aln_desk.gui.pages.evaluation import EvaluationPage
from aln_desk.gui.pages.evaluation_behind import Behind
from aln_desk.gui.pages.evaluation_export import arguments
from aln_desk.gui.pages.evaluation_learning import LearningBody
from aln_desk.gui.pages.evaluation_supplement import ALL, Supplement
from aln_desk.gui.pages.evaluation_supplement_bodies import CamTools, CaseTools, FigureBody, NomogramBody
from aln_desk.gui.pages.evaluation_supplement_card import KINDS
from aln_desk.gui.pages.evaluation_supplement_made import (
    CAMS,
    CASES,
    LEARNING,
    MASKS,
    NOMOGRAM,
    Further,
    Learnt,
    LearntRun,
    Made,
    Picture,
    Reason,
    Scale,
    Shown,
    Wish,
    make,
)
from aln_desk.gui.pages.evaluation_supplement_work import SupplementWork
from aln_desk.gui.pages.evaluation_table import TableBody
from aln_desk.gui.widgets.drawn_figure import DrawnFigure, Row, without_empty_glyphs
from aln_desk.gui.widgets.plot_nomogram import NomogramView
from aln_desk.gui.widgets.plot_style import series_colour
from aln_desk.gui.workspace import Workspace
from aln_desk.io.project import Project
from aln_desk.stats.logistic import CategoryTerm, LogisticModel, NumberTerm
from aln_desk.stats.nomogram import Nomogram, nomogram

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 200 100">'
    b'<defs><path id="space" transform="scale(0.1)"/><path id="dot" d="M 0 0 L 9 9"/></defs>'
    b'<use xlink:href="#space" x="4"/><use xlink:href="#dot"/></svg>'
)
MODEL = LogisticModel(
    -1.0, (NumberTerm("age", 55.0, -0.03), CategoryTerm("t_stage", {"1": 0.0, "2": 0.7, "3": 1.1, "4": 2.0}))
)
AGES = [{"age": str(age), "t_stage": "2"} for age in (30, 80)] + [{"age": "55", "t_stage": "4"}]


def results_of(folder: Path, *cohorts: str, scorers: tuple[str, ...] = ()) -> Results:
    with Project.open(folder) as project:
        found = gather.gather(project)
    proposed = found.selection()
    selection = Selection(scorers or proposed.scorers, cohorts or proposed.cohorts)
    return work_out(selection, found.scorers, found.cohorts, found.patients)


def finished(made: Made) -> Made:
    while isinstance(made, Further):
        made = made.go_on()
    return made


# The nomogram


@pytest.fixture
def view(qtbot: QtBot) -> NomogramView:
    made = NomogramView()
    qtbot.addWidget(made)
    made.show_nomogram(nomogram(MODEL, AGES), ("age",))
    made.resize(900, 300)
    made.show()
    return made


def test_total_and_probability_are_the_models(view: NomogramView) -> None:
    assert [view.value(0), view.value(1)] == ["80", "1"] and view.total == 0
    view.set_points(0, view.nomogram.axes[0].ticks[0].points)
    view.set_points(1, 99)
    patient = {"age": view.value(0), "t_stage": view.value(1)}
    assert patient == {"age": "30", "t_stage": "4"}
    logit = MODEL.logit(patient, None)
    assert view.total == pytest.approx(view.nomogram.points_at(logit))
    assert view.probability == pytest.approx(view.nomogram.probability_at(view.total))
    assert "probability" in view.accessibleDescription()


def test_a_click_sets_a_number_between_marks_and_a_category_on_one(qtbot: QtBot, view: NomogramView) -> None:
    for place, ticks in ((0, (2, 3)), (1, (1, 2))):
        marks = view.nomogram.axes[place].ticks
        middle = sum(marks[tick].points for tick in ticks) / 2
        spot = QPoint(round(view.across(place + 1, middle)) + 2, round(view.line(place + 1).top()) + 6)
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot)
    assert view.value(0) not in {tick.label for tick in view.nomogram.axes[0].ticks}
    assert view.value(1) in {"2", "3"}


def test_arrow_keys_choose_a_variable_and_move_it(qtbot: QtBot, view: NomogramView) -> None:
    qtbot.keyClick(view, Qt.Key.Key_Down)
    for expected in "2344":
        qtbot.keyClick(view, Qt.Key.Key_Right)
        assert view.value(1) == expected
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.value(1) == "3" and view.axis == 1


def test_what_was_set_stays_with_the_same_variables(view: NomogramView) -> None:
    view.set_points(1, 99)
    view.show_nomogram(nomogram(MODEL, AGES), ("age",))
    assert view.value(1) == "4"
    other = LogisticModel(0.0, (CategoryTerm("birads", {"4A": 0.0, "5": 1.0}),))
    view.show_nomogram(nomogram(other, [{"birads": "5"}]), ())
    assert view.value(0) == "4A" and view.total == 0
    assert isinstance(view.grab().width(), int)


def test_a_total_beyond_the_axis_is_drawn_at_its_end(view: NomogramView) -> None:
    known = view.nomogram
    short = Nomogram(known.axes, known.total[:2], known.probability[:1], known.scale, known.base)
    view.show_nomogram(short, ("age",))
    view.set_points(1, 99)
    view.grab()
    assert view.total > short.total[-1].points


# A drawn figure


@pytest.fixture
def figure(qtbot: QtBot) -> DrawnFigure:
    made = DrawnFigure()
    qtbot.addWidget(made)
    made.resize(400, 150)
    made.show()
    made.show_figure(SVG, "Cases", [Row("P1", 0.0, 0.4), Row("P2", 0.4, 0.8)])
    return made


def test_outlines_of_spaces_go(figure: DrawnFigure) -> None:
    kept = without_empty_glyphs(SVG)
    assert b"space" not in kept and b'href="#dot"' in kept
    assert without_empty_glyphs(kept) == kept


def test_a_figure_is_whole_or_as_wide_as_its_place_and_larger(figure: DrawnFigure) -> None:
    assert figure.paper.height() == 150 and figure.paper.width() == 300
    figure.show_whole(False)
    bar = figure.verticalScrollBar().sizeHint().width()
    assert figure.paper.width() == 400 - bar
    figure.set_zoom(99)
    assert figure.zoom == 4 and figure.paper.width() == 4 * (400 - bar)
    figure.set_zoom(0)
    assert figure.zoom == 1


def test_a_row_is_chosen_by_mouse_and_by_keys(qtbot: QtBot, figure: DrawnFigure) -> None:
    chosen: list[str] = []
    figure.rowChosen.connect(chosen.append)
    qtbot.mouseClick(figure.paper, Qt.MouseButton.LeftButton, pos=QPoint(50, 90))
    qtbot.mouseClick(figure.paper, Qt.MouseButton.LeftButton, pos=QPoint(50, 140))
    qtbot.keyClick(figure.paper, Qt.Key.Key_Down)
    qtbot.keyClick(figure.paper, Qt.Key.Key_Return)
    assert chosen[0] == "P2" and len(chosen) == 2
    assert not figure.grab().isNull()


def test_a_figure_is_copied_as_svg_and_as_a_picture(figure: DrawnFigure) -> None:
    figure.copy()
    copied = QGuiApplication.clipboard().mimeData()
    assert copied.hasFormat("image/svg+xml") and copied.hasImage()


# What is made


def test_cases_come_with_the_places_of_their_patients(read_project: Path) -> None:
    made = make(Wish(CASES, read_project, results_of(read_project, "training")))
    assert isinstance(made, Picture) and b"<svg" in made.svg
    assert [name for name, _, _ in made.rows] == ["P1"] and 0 < made.rows[0][2] < 1
    assert made.shown.cohort == "training" and len(made.shown.models) == 1
    by_hand = make(Wish(CASES, read_project, results_of(read_project, "training"), Choices(patients=("nobody",))))
    assert isinstance(by_hand, Reason) and "training" in by_hand.words


def test_masks_are_measured_in_slices(read_project: Path) -> None:
    made = make(Wish(MASKS, read_project, results_of(read_project, "training")))
    assert isinstance(made, Further) and (made.done, made.total) == (0, 3)
    table = finished(made)
    assert isinstance(table, Table) and table.label == "Table S2"


def test_two_models_are_wanted_for_their_evidence(read_project: Path) -> None:
    alone = make(Wish(CAMS, read_project, results_of(read_project, "training")))
    assert isinstance(alone, Reason) and "one model" in alone.words


def test_every_card_is_made_or_says_why(tmp_path: Path) -> None:
    write_project(tmp_path / "p")
    results = results_of(tmp_path / "p", "internal", "one kind")
    made = {kind.key: finished(make(Wish(kind.key, tmp_path / "p", results))) for kind in KINDS}
    assert not any(isinstance(one, Further) for one in made.values())
    reasons = {key: one.words for key, one in made.items() if isinstance(one, Reason)}
    assert {CASES, CAMS, MASKS, "figure_s6"} <= set(reasons)
    assert all(words.endswith((".", GOOD)) for words in reasons.values())
    labels = {key: one.label for key, one in made.items() if isinstance(one, Table)}
    assert {labels[key] for key in ("table_s1", "table_s5", "table_s6")} == {"Table S1", "Table S5", "Table S6"}
    assert isinstance(made["figure_s2"], Picture)


def test_learning_curves_are_those_of_the_models_runs(tmp_path: Path) -> None:
    write_project(tmp_path / "p")
    for key, loss in ((GOOD, 0.5), (POOR, 0.7)):
        make_run(tmp_path / "p" / "runs", f"run-{key}", [Curve("mtl", "train", 1, {"loss": loss})], digest=key)
    results = results_of(tmp_path / "p", "internal", scorers=(POOR, GOOD))
    made = make(Wish(LEARNING, tmp_path / "p", results, series={GOOD: 0, POOR: 3}))
    assert isinstance(made, Learnt)
    assert [(run.name, run.series, run.curves[0].values["loss"]) for run in made.runs] == [
        (POOR, 3, 0.7),
        (GOOD, 0, 0.5),
    ]


@pytest.fixture
def learning(qtbot: QtBot) -> LearningBody:
    made = LearningBody()
    qtbot.addWidget(made)
    made.resize(900, 500)
    made.show()
    return made


def learnt(name: str, series: int, maskless: bool = False) -> LearntRun:
    curves = [Curve("mtl", "train", step, {"loss": 1 / step, "mask": 0.1}) for step in (1, 2, 3)]
    curves.append(Curve("mtl", "validation", 3, {"dice": 0.8, "lesion_accuracy": 0.7, "status_auc": 0.9}))
    curves.append(Curve("mil", "validation", 9, {"loss": 0.4, "auc": 0.6}))
    return LearntRun(name, series, tuple(curves), maskless)


def legends(body: LearningBody, stage: str) -> list[str]:
    return [chart.legend.accessibleName() for chart in body.charts[stage]]


def test_each_figure_of_a_stage_has_a_chart_with_every_models_line(learning: LearningBody) -> None:
    learning.show_runs([learnt("A", 2), learnt("B", 0)])
    assert legends(learning, "mtl") == ["A 0.333, B 0.333", "A 0.800, B 0.800", "A 0.700, B 0.700", "A 0.900, B 0.900"]
    assert legends(learning, "mil") == ["", "A 0.400, B 0.400", "A 0.600, B 0.600"]
    assert learning.charts["mtl"][0].isVisible() and not learning.charts["mil"][0].isVisible()
    learning.tools.show_stage("mil")
    assert learning.charts["mil"][0].isVisible() and not learning.charts["mtl"][0].isVisible()
    learning.show_runs([learnt("C", 1)])
    assert legends(learning, "mil") == ["", "C 0.400", "C 0.600"] and learning.stage == "mil"


def test_lines_have_the_models_colours(learning: LearningBody) -> None:
    learning.show_runs([learnt("A", 2), learnt("B", 0)])
    chart = learning.charts["mtl"][1]
    pens = [chart._curves[line].opts["pen"].color() for line in chart.lines]
    assert pens == [series_colour(2), series_colour(0)]


def test_a_model_without_masks_has_no_figures_of_them(learning: LearningBody) -> None:
    learning.show_runs([learnt("A", 0), learnt("Single T", 1, maskless=True)])
    assert legends(learning, "mtl")[1:] == ["A 0.800", "A 0.700", "A 0.900, Single T 0.900"]


def test_the_pointer_tells_one_step_on_all_charts(learning: LearningBody) -> None:
    learning.show_runs([learnt("A", 0)])
    learning.charts["mtl"][3].hovered.emit(1)
    assert legends(learning, "mtl")[0] == "A 1.000"
    learning.charts["mtl"][3].hovered.emit(None)
    assert legends(learning, "mtl")[0] == "A 0.333"


def test_a_stage_that_nobody_learned_is_not_shown_first(learning: LearningBody) -> None:
    only = replace(learnt("A", 0), curves=learnt("A", 0).curves[-1:])
    learning.show_runs([only])
    assert learning.stage == "mil" and learning.tools.stages.currentIndex() == 1


def test_charts_stand_two_beside_each_other_or_all_in_a_row(learning: LearningBody) -> None:
    learning.show_runs([learnt("A", 0)])
    tops = {chart.y() for chart in learning.charts["mtl"]}
    learning.resize(1400, 500)
    QApplication.processEvents()
    assert len(tops) == 2 and len({chart.y() for chart in learning.charts["mtl"]}) == 1


# One at a time, the newest wins


class Shelf:
    """Stands in for `make`: every call is kept, and answers as it is told."""

    def __init__(self) -> None:
        self.calls: list[Wish] = []
        self.answer: Callable[[Wish], Made] = lambda wish: Reason(wish.key)

    def __call__(self, wish: Wish) -> Made:
        self.calls.append(wish)
        return self.answer(wish)


@pytest.fixture
def shelf(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    monkeypatch.setattr(work_module, "make", made)
    return made


def wish(key: str) -> Wish:
    return Wish(key, Path(), board().results)


def test_only_the_newest_wish_is_answered(shelf: Shelf) -> None:
    work, told = SupplementWork(), list[Wish]()
    work.made.connect(lambda asked, made: told.append(asked))
    first, second, third = wish("a"), wish("a"), wish("a")
    for one in (first, second, third):
        work.ask(one)
    tasks.wait_all()
    assert shelf.calls == [first, third] and told == [third]
    work.ask(first)
    work.forget()
    tasks.wait_all()
    assert told == [third]


def test_what_is_long_lets_others_pass_stops_and_goes_on(shelf: Shelf) -> None:
    work, told = SupplementWork(), list[str]()
    steps = iter(range(1, 9))

    def slice_() -> Made:
        done = next(steps)
        return Further(done, 9, slice_) if done < 8 else Reason("done")

    shelf.answer = lambda asked: slice_() if asked.key == "long" else Reason("short")
    work.made.connect(lambda asked, made: told.append(made.words))

    def progress(asked: Wish, done: int, total: int) -> None:
        told.append(f"{done} of {total}")
        if done == 3:
            work.stop("long")

    work.progressed.connect(progress)
    work.ask(wish("long"))
    work.ask(wish("other"))
    tasks.wait_all()
    assert told[:2] in (["1 of 9", "short"], ["short", "1 of 9"]) and told[-1] == "3 of 9"
    work.go_on("long")
    tasks.wait_all()
    assert told[-1] == "done"


def test_what_nobody_foresaw_is_told_and_others_go_on(qtbot: QtBot, shelf: Shelf) -> None:
    work, told = SupplementWork(), list[str]()
    work.made.connect(lambda asked, made: told.append(made.words))

    def answer(asked: Wish) -> Made:
        return Reason(str(1 // (asked.key != "broken")))

    shelf.answer = answer
    with qtbot.capture_exceptions() as caught:
        work.ask(wish("broken"))
        work.ask(wish("whole"))
        tasks.wait_all()
    assert told == ["It could not be made.", "1"] and len(caught) == 1


# On the page


@pytest.fixture
def page(window: QMainWindow, workspace: Workspace, actions: Actions, tmp_path: Path) -> Iterator[EvaluationPage]:
    made = EvaluationPage(workspace, actions)
    window.setCentralWidget(made)
    window.show()
    write_project(tmp_path / "p")
    keep_findings(tmp_path / "p", GOOD, POOR)
    workspace.open(tmp_path / "p")
    tasks.wait_all()
    yield made
    tasks.wait_all()
    made.close()


def settle(qtbot: QtBot) -> None:
    """Until all that was asked for has come, also where it asks for more."""
    for _ in range(3):
        qtbot.wait(50)
        qtbot.waitUntil(lambda: not _is_about_to_ask())
        tasks.wait_all()


def _is_about_to_ask() -> bool:
    shown = [one for window in QApplication.topLevelWidgets() for one in window.findChildren(Supplement)]
    return any(one._soon.isActive() for one in shown)


def asked(shelf: Shelf) -> set[str]:
    return {one.key for one in shelf.calls}


def test_cards_are_made_when_they_are_seen(qtbot: QtBot, page: EvaluationPage, shelf: Shelf) -> None:
    settle(qtbot)
    assert not shelf.calls
    page.centre.go_to(ALL)
    settle(qtbot)
    assert "figure_s2" in asked(shelf) and "figure_s6" not in asked(shelf)
    page.centre.supplement.enlarge("figure_s6")
    settle(qtbot)
    assert "figure_s6" in asked(shelf)
    assert page.centre.supplement.cards["figure_s6"].waiting.words.text() == "figure_s6"
    seen = len(shelf.calls)
    page.centre.supplement.enlarge("")
    page.centre.supplement.go_to("figure_s2")
    settle(qtbot)
    assert len([one for one in shelf.calls if one.key == "figure_s2"]) == 1 and len(shelf.calls) >= seen


def test_another_threshold_leaves_what_it_does_not_touch(qtbot: QtBot, page: EvaluationPage, shelf: Shelf) -> None:
    page.centre.go_to(ALL)
    settle(qtbot)
    shelf.calls.clear()
    page.side.threshold.set_rule(ThresholdRule("value", 0.3))
    page._work_out()
    tasks.wait_all()
    settle(qtbot)
    assert "figure_s2" in asked(shelf) and "table_s1" not in asked(shelf)


def test_patients_at_the_right_become_case_sheets(qtbot: QtBot, page: EvaluationPage, shelf: Shelf) -> None:
    assert page.board is not None
    found = Behind("Chosen", "internal", (GOOD,), ("internal-0", "internal-3"))
    page.patients.show_behind(found, page.board)
    page.patients.list.topLevelItem(1).setSelected(True)
    page.patients.sheets.click()
    settle(qtbot)
    assert page.centre.place == CASES
    assert (shelf.calls[-1].cohort, shelf.calls[-1].choices) == ("internal", Choices(("internal-3",), GOOD))
    tools = page.centre.supplement.cards[CASES].tools
    assert isinstance(tools, CaseTools) and tools.how.text() == "Chosen by hand: 1 patient"
    assert page.patients.sheets.text() == "Add to the case sheets"
    page.patients.show_behind(replace(found, patients=("internal-3", "internal-5")), page.board)
    page.patients.sheets.click()
    settle(qtbot)
    assert shelf.calls[-1].choices.patients == ("internal-3", "internal-5")
    tools.by_rule.click()
    settle(qtbot)
    assert shelf.calls[-1].choices == Choices(cases_by=GOOD) and not tools.by_rule.isVisible()
    assert page.patients.sheets.text() == "Show as case sheets"


def test_each_cohort_has_cases_of_its_own(qtbot: QtBot, page: EvaluationPage, shelf: Shelf) -> None:
    tools = page.centre.supplement.cases
    page.centre.show_sheets(Behind("Chosen", "internal", (GOOD,), ("internal-0",)))
    page.centre.show_sheets(Behind("Chosen", "external", (GOOD,), ("external-1",)))
    cohorts = tools.boxes[0]
    for name in ("internal", "external"):
        cohorts.setCurrentIndex(cohorts.findData(name))
        cohorts.activated.emit(0)
        settle(qtbot)
        assert (shelf.calls[-1].key, shelf.calls[-1].cohort) == (CASES, name)
        assert shelf.calls[-1].choices == Choices(("external-1", "internal-0"), GOOD)
    tools.by_rule.click()
    assert tools.by_hand == {"internal": ("internal-0",)}, "those of the cohort that is shown"
    many = tuple(f"internal-{number}" for number in range(20))
    tools.add_by_hand(Behind("Chosen", "internal", (GOOD,), many))
    assert len(tools.among(["internal"])) == 12 and tools.how.text() == "Chosen by hand: the first 12 of 20 patients"


def test_a_cohort_that_is_away_for_a_while_keeps_its_cases(qtbot: QtBot) -> None:
    tools, (external, internal, _) = CaseTools(), COHORTS
    qtbot.addWidget(tools)
    tools.offer((external, internal), [scorer(GOOD)])
    tools.add_by_hand(Behind("Chosen", "internal", (GOOD,), ("internal-0",)))
    told = []
    for cohorts in ((external,), (external, internal)):
        tools.offer(cohorts, [scorer(GOOD)])
        told.append((tools.boxes[0].currentText(), tools.how.text(), tools.by_rule.isHidden()))
    assert told == [
        ("external", "By rule: the median patient of each cell", True),
        ("internal", "Chosen by hand: 1 patient", False),
    ]


def test_what_is_on_the_screen_is_what_is_exported(qtbot: QtBot, tmp_path: Path) -> None:
    """Every choice other than the rule's, first on the cards, then by the command of the export."""
    folder, out = tmp_path / "study", tmp_path / "out"
    embedded, plain = publishable_study.make(folder)
    with Project.open(folder) as project:
        found = gather.gather(project)
    results = results_of(folder)
    supplement = Supplement()
    qtbot.addWidget(supplement)
    supplement.show_found(found)
    supplement.show_results(folder, results, {}, plain)
    supplement.cases.add_by_hand(Behind("Chosen", "south", (plain,), ("P40",)))
    for box, key in zip(supplement.cams.boxes, (embedded, plain), strict=True):
        box.setCurrentIndex(box.findData(key))
        box.activated.emit(0)
    choices = supplement.choices(results.selection)
    assert choices == Choices(("P40",), plain, (embedded, plain), plain)
    cards = {key: finished(make(Wish(key, folder, results, choices, "south"))) for key in (CASES, CAMS, "table_s6")}
    cases, cams, subgroups = cards.values()
    assert isinstance(cases, Picture) and isinstance(cams, Picture) and isinstance(subgroups, Table)
    assert cases.shown == Shown("south", (plain,)) and [row[0] for row in cases.rows] == ["P40"]
    assert cams.shown == Shown(models=(embedded, plain))
    words = arguments(folder, out, results.selection, choices)
    words.remove("--stop-with-stdin")
    assert cli.run([*words, "--parts", "figure_4b", "figure_s1", "table_s6"]) == 0
    assert (out / "figures" / "figure_4b.svg").read_bytes() == cases.svg
    assert (out / "figures" / "figure_s1.svg").read_bytes() == cams.svg
    assert (out / "tables" / "table_s6.csv").read_text(encoding="utf-8") == to_csv(subgroups)
    by_rule = make(Wish(CASES, folder, results, cohort="south"))
    assert isinstance(by_rule, Picture) and by_rule.svg != cases.svg


def test_a_sheet_opens_its_patient(page: EvaluationPage) -> None:
    opened: list[str] = []
    page.patientOpenRequested.connect(opened.append)
    body = page.centre.supplement.cards[CASES].body
    assert isinstance(body, FigureBody)
    body.figure.rowChosen.emit("internal-2")
    assert opened == ["internal-2"]


def test_where_the_supplement_was_left_is_kept(page: EvaluationPage) -> None:
    page.centre.go_to("table_s1")
    kept = page.save_state()
    page.centre.go_to("")
    page.restore_state(kept)
    assert page.centre.place == "table_s1" and page.centre.supplement.cards["table_s1"].large
    page.centre.supplement.step(-1)
    assert page.centre.place == "figure_s2"
    page.restore_state({**kept, "supplement": 7})
    assert page.centre.place == ""


def test_the_models_chosen_for_cases_and_cams_are_kept(page: EvaluationPage) -> None:
    supplement = page.centre.supplement
    supplement.cases.offer((), [scorer(GOOD), scorer(POOR)])
    supplement.cams.offer((), [scorer(GOOD), scorer(POOR)])
    supplement.restore({}, POOR, (POOR, GOOD))
    assert supplement.cases.boxes[1].currentData() == POOR
    kept = json.loads(json.dumps(page.save_state()))
    supplement.restore({}, "", ())
    assert supplement.asked == ({}, "", ())
    page.restore_state(kept)
    assert supplement.asked == ({}, POOR, (POOR, GOOD))
    for damaged in ([POOR], [POOR, POOR], [POOR, 3], "no", None):
        page.restore_state({**kept, "beside": damaged, "reader": 3})
        assert supplement.asked == ({}, "", ())


def test_tables_and_the_nomogram_lie_on_their_cards(qtbot: QtBot) -> None:
    supplement = Supplement()
    qtbot.addWidget(supplement)
    table = Table("table_s1", "T", ("a", "b"), (("x", "1"),), ("A note.",))
    card = supplement.cards["table_s1"]
    card.show_made(table)
    assert isinstance(card.body, TableBody) and card.body.table.shown == table and not card.body.notes.text()
    supplement.enlarge("table_s1")
    assert card.body.notes.text() == "A note."
    scale = supplement.cards[NOMOGRAM]
    scale.show_made(Scale(nomogram(MODEL, AGES), ("age",), "Of a model."))
    assert isinstance(scale.body, NomogramBody) and scale.body.view.value(0) == "80"


def test_a_card_with_nothing_to_show_is_low_and_a_large_one_alone(qtbot: QtBot) -> None:
    supplement = Supplement()
    qtbot.addWidget(supplement)
    supplement.resize(1400, 800)
    card = supplement.cards[CAMS]
    high = card.maximumHeight()
    card.show_made(Reason("There is one model only."))
    assert card.maximumHeight() < high / 2
    card.clear()
    assert card.maximumHeight() == high
    supplement.show()
    supplement.enlarge("table_s1")
    QApplication.processEvents()
    assert supplement.cards["table_s1"].x() < 20 and supplement.cards["table_s1"].width() > 1300


def test_back_from_a_large_card_leads_to_where_it_lies_among_the_others(qtbot: QtBot) -> None:
    supplement = Supplement()
    qtbot.addWidget(supplement)
    supplement.resize(860, 640)
    supplement.show()
    qtbot.waitExposed(supplement)
    supplement.go_to(CASES)
    before = supplement.cards[CASES].mapTo(supplement, QPoint()).y()
    assert supplement.cards[CASES].y() > supplement.height(), "there is something to scroll"
    supplement.enlarge(CASES)
    QApplication.processEvents()
    supplement.enlarge("")
    assert supplement.cards[CASES].mapTo(supplement, QPoint()).y() == before
    assert supplement.focusWidget() is supplement.cards[CASES].open


def test_of_one_model_alone_there_are_no_two_to_choose(qtbot: QtBot) -> None:
    supplement = Supplement()
    qtbot.addWidget(supplement)
    supplement.cams.offer((), [scorer(GOOD)])
    assert supplement.cams.isHidden()
    supplement.cams.offer((), [scorer(GOOD), scorer(POOR)])
    assert not supplement.cams.isHidden()


def test_no_model_is_named_before_the_evidence_of_two_is_drawn(qtbot: QtBot) -> None:
    supplement = Supplement()
    qtbot.addWidget(supplement)
    both = [scorer(GOOD), scorer(POOR)]
    supplement.cams.offer((), both)
    supplement.cards[CAMS].show_made(Reason("There is one model only."))
    left, right = supplement.cams.boxes
    assert (left.currentIndex(), right.currentIndex()) == (-1, -1)
    left.setCurrentIndex(1)
    left.activated.emit(1)
    assert supplement.cams.models == (), "the other is still to be chosen"
    right.setCurrentIndex(1)
    right.activated.emit(1)
    assert supplement.cams.models == (), "one model is not two"
    right.setCurrentIndex(0)
    right.activated.emit(0)
    assert supplement.cams.models == (POOR, GOOD)


def test_a_model_chosen_on_both_sides_changes_sides(qtbot: QtBot) -> None:
    tools = CamTools()
    qtbot.addWidget(tools)
    tools.offer((), [scorer(GOOD), scorer(POOR)])
    tools.show_choice(Shown(models=(POOR, GOOD)))
    assert tools.models == (), "the rule's"
    told: list[tuple[str, ...]] = []
    tools.changed.connect(lambda: told.append(tools.models))
    for box in tools.boxes:
        box.setCurrentIndex(0)
        box.activated.emit(0)
        assert tools.models == tuple(one.currentData() for one in tools.boxes)
    assert told == [(GOOD, POOR), (POOR, GOOD)]
    tools.forget()
    assert tools.models == () and [one.currentIndex() for one in tools.boxes] == [-1, -1]


def test_measuring_tells_how_far_it_is_and_can_be_stopped(qtbot: QtBot) -> None:
    supplement = Supplement()
    qtbot.addWidget(supplement)
    card = supplement.cards[MASKS]
    card.begin(board().results, BY_RULE)
    card.waiting._show_bar()
    card.show_progress(4, 9)
    assert card.waiting.words.text() == "Masks of 4 of 9 patients compared…" and not card.waiting.stop.isHidden()
    card.waiting.stop.click()
    assert "then stopped" in card.waiting.words.text() and not card.waiting.go_on.isHidden()
    card.waiting.go_on.click()
    assert card.waiting.go_on.isHidden() and card.state.text() == "Being worked out…"
