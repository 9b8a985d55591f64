"""The next most useful image and the likely errors: two more choices in the left pane of Annotate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_findings import HEIGHT, WIDTH, finding
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.progress import Status, with_status
from aln_desk.domain.shape import Shape
from aln_desk.gui import suspected, tasks, usefulness
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.annotate import AnnotatePage
from aln_desk.gui.usefulness import first_of
from aln_desk.gui.workspace import Workspace
from aln_desk.io import predictions
from aln_desk.io.project import Project
from aln_desk.stats.usefulness import Doubt

USEFUL, ERRORS, EVERY = "Most useful first", "Likely errors", "All images"
LEFT = ((0.0, 0.0), (32.0, 0.0), (32.0, 48.0), (0.0, 48.0))
"""What the model's mask covers on every image of the made project."""
RIGHT = ((34.0, 2.0), (60.0, 2.0), (60.0, 46.0), (34.0, 46.0))
BOW = ((2.0, 2.0), (30.0, 46.0), (30.0, 2.0), (2.0, 46.0))
LOGITS = {"P1/T1.png": -4.0, "P1/T2.png": 0.1, "P1/N3.png": 2.0, "P2/T1.png": -3.0}


class Desk:
    """The page in a window; `choose` takes one of the list's choices."""

    def __init__(self, window: QMainWindow, project: Path) -> None:
        self.workspace = Workspace(window)
        self.actions = Actions(window)
        self.workspace.open(project)
        self.page = AnnotatePage(self.workspace, self.actions)
        self.list = self.page.list
        window.setCentralWidget(self.page)
        self.actions.set_mode("annotate")
        window.show()
        tasks.wait_all()

    def choose(self, choice: str) -> None:
        self.begin(choice)
        tasks.wait_all()

    def begin(self, choice: str) -> None:
        self.list.status.setCurrentIndex(self.list.status.findText(choice))

    def draw(self, name: str, *outlines: tuple[tuple[float, float], ...], label: str = "tumor") -> None:
        shapes = tuple(Shape(label, outline) for outline in outlines)
        self.workspace.edit(name, self.workspace.annotation(name).with_shapes(shapes), "Draw")
        tasks.wait_all()

    @property
    def names(self) -> list[str]:
        return [row.instance for row in self.list.model.rows]

    def word(self, name: str) -> str:
        model = self.list.model
        return model.state(model.rows[model.row_of(name)])

    def tip(self, name: str) -> str:
        index = self.list.model.index(self.list.model.row_of(name))
        return str(index.data(Qt.ItemDataRole.ToolTipRole))

    def next(self) -> str:
        self.actions["go.next_to_do"].trigger()
        tasks.wait_all()
        return self.page.room.shown


@pytest.fixture
def shown(qtbot: QtBot) -> Iterator[Callable[[Path], Desk]]:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    yield lambda project: Desk(window, project)
    tasks.wait_all()


@pytest.fixture
def desk(shown: Callable[[Path], Desk], doubtful_project: Path) -> Desk:
    return shown(doubtful_project)


@pytest.fixture
def doubtful_project(read_project: Path) -> Path:
    """The read project with a model that is less sure of some images than of others."""
    find_anew(read_project, LOGITS)
    return read_project


def find_anew(project: Path, logits: dict[str, float]) -> None:
    """Let the model have found the same masks with these logits."""
    with Project.open(project) as opened:
        file = opened.predictions / predictions.INSTANCES_FILE
        digest = predictions._model_of(file)
        bags = {patient.id: patient.bag for patient in opened.patients()}
    parts = []
    for patient, bag in bags.items():
        found = [
            replace(finding(one), lesion_logit=logits[one.id], status_logit=logits[one.id])
            for one in bag
            if one.id in logits
        ]
        if found:
            parts.append(predictions.part_path(file.parent, patient))
            predictions.write_bag(parts[-1], digest, found, {})
    file.unlink()
    predictions.merge(parts, file, digest)


def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The images whose doubts are worked out from now on."""
    names: list[str] = []
    doubts = usefulness._doubts

    def noted(source: usefulness.Source, asked: list[usefulness.Asked]) -> dict[str, Doubt | None]:
        names.extend(instance.id for instance, _annotation in asked)
        return doubts(source, asked)

    monkeypatch.setattr(usefulness, "_doubts", noted)
    return names


# Most useful first


def test_images_that_were_read_stand_in_the_order_of_their_use(desk: Desk) -> None:
    desk.choose(USEFUL)
    assert desk.names[0] == "P1/T2.png" and set(desk.names) == set(LOGITS), "P10 was not read"
    assert desk.word("P1/T2.png") == "model unsure"
    assert "The model is unsure whether this is a lymph node (52 %)." in desk.tip("P1/T2.png")
    assert [row.text for row in desk.list.model.rows][:1] == ["P1 · Tumour 2"]
    assert desk.list.counts.text().endswith("done") and not desk.list.empty.isVisible()


def test_an_outline_far_from_the_models_is_told(desk: Desk) -> None:
    desk.draw("P1/T1.png", RIGHT)
    desk.choose(USEFUL)
    assert desk.word("P1/T1.png") == "differs from model"
    assert "Dice of 0.00" in desk.tip("P1/T1.png") or "diameter apart" in desk.tip("P1/T1.png")


def test_without_a_reading_the_list_says_what_to_do(shown: Callable[[Path], Desk], project_folder: Path) -> None:
    desk = shown(project_folder)
    desk.workspace.model = None
    desk.choose(USEFUL)
    assert desk.names == [] and desk.list.empty.isVisible()
    assert "No model is in use" in desk.list.empty.text()


def test_before_the_first_reading_the_list_asks_for_one(shown: Callable[[Path], Desk], read_project: Path) -> None:
    file = read_project / "predictions" / predictions.INSTANCES_FILE
    kept = file.read_bytes()
    file.unlink()
    desk = shown(read_project)
    desk.choose(USEFUL)
    assert "Read this project with the model in menu Model" in desk.list.empty.text()
    file.write_bytes(kept)
    desk.workspace.reload_predictions()
    tasks.wait_all()
    assert set(desk.names) == set(LOGITS) and not desk.list.empty.isVisible(), "the reading is over"


def test_next_leads_through_the_order_and_begins_again(desk: Desk) -> None:
    desk.choose(USEFUL)
    order = list(desk.names)
    desk.workspace.select_instance(order[1])
    tasks.wait_all()
    assert [desk.next(), desk.next(), desk.next()] == [order[0], order[2], order[3]]
    assert desk.next() == order[0], "all were seen"


def test_an_edited_image_alone_is_looked_at_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.choose(USEFUL)
    assert desk.word("P2/T1.png") == "close to model", "it is drawn as the model has it"
    names = looked_at(monkeypatch)
    desk.draw("P2/T1.png", RIGHT)
    assert names == ["P2/T1.png"]
    assert desk.word("P2/T1.png") == "differs from model"


def test_an_edit_not_saved_yet_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.choose(USEFUL)
    found: list[Annotation] = []
    newest = usefulness.newest_annotation
    monkeypatch.setattr(usefulness, "newest_annotation", lambda asked: found.append(newest(asked)) or found[-1])
    shapes = (Shape("tumor", RIGHT),)
    desk.workspace.edit("P1/T2.png", desk.workspace.annotation("P1/T2.png").with_shapes(shapes), "Draw")
    assert "P1/T2.png" in desk.workspace.unsaved
    tasks.wait_all()
    assert [one.shapes for one in found] == [shapes]


def test_what_was_found_is_kept_while_nothing_changed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.choose(USEFUL)
    before = list(desk.names)
    names = looked_at(monkeypatch)
    desk.choose(EVERY)
    desk.choose(USEFUL)
    assert names == [] and desk.names == before


def test_a_new_reading_ranks_all_again(desk: Desk, doubtful_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.choose(USEFUL)
    names = looked_at(monkeypatch)
    find_anew(doubtful_project, {**LOGITS, "P2/T1.png": 0.0, "P1/T2.png": 6.0})
    desk.workspace.reload_predictions()
    tasks.wait_all()
    assert sorted(names) == sorted(LOGITS)
    assert desk.names[0] == "P2/T1.png"


def test_the_caption_counts_while_it_is_under_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usefulness, "CHUNK", 1)
    captions: list[str] = []
    desk.list.useful.progressed.connect(lambda: captions.append(desk.list.counts.text()))
    desk.choose(USEFUL)
    told = [words for words in dict.fromkeys(captions) if words.startswith("Ranking")]
    assert told[0] == "Ranking…" and "Ranking: 1 of 4 images…" in told and "Ranking: 3 of 4 images…" in told
    assert captions[-1].endswith("done")


def test_another_choice_stops_the_work_and_coming_back_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usefulness, "CHUNK", 1)
    names = looked_at(monkeypatch)

    def leave() -> None:
        if len(names) == 3:
            desk.begin(EVERY)

    desk.list.useful.progressed.connect(leave)
    desk.choose(USEFUL)
    assert len(names) == 3 and desk.list.status.currentText() == EVERY
    desk.list.useful.progressed.disconnect(leave)
    desk.choose(USEFUL)
    assert sorted(names) == sorted(LOGITS), "none was looked at twice"
    assert set(desk.names) == set(LOGITS)


def test_closing_the_project_drops_what_is_under_way(desk: Desk) -> None:
    desk.begin(USEFUL)
    desk.workspace.close()
    tasks.wait_all()
    assert desk.names == [] and desk.list.useful.reasons == {} and desk.list.useful.caption == ""


def test_rejected_images_are_left_out_and_cohorts_are_followed(desk: Desk) -> None:
    desk.choose(USEFUL)
    annotation = desk.workspace.annotation("P1/T2.png")
    desk.workspace.edit("P1/T2.png", with_status(annotation, Status.REJECTED, "too dark"), "Reject")
    tasks.wait_all()
    assert "P1/T2.png" not in desk.names and len(desk.names) == 3


def test_a_damaged_annotation_is_no_reason_to_stop(desk: Desk, doubtful_project: Path) -> None:
    patient = desk.workspace.find_patient("P2")
    assert patient is not None
    Path(patient.bag[0].annotation).write_text("{", "utf-8")
    desk.choose(USEFUL)
    assert set(desk.names) == set(LOGITS) - {"P2/T1.png"}
    desk.choose(ERRORS)
    assert desk.word("P2/T1.png") == "cannot be read"


@pytest.mark.parametrize(
    ("status", "lesion", "words", "missing"),
    [(True, True, "lymph node", "score"), (False, True, "lymph node", "score"), (True, False, "score", "lymph node")],
)
def test_a_model_is_not_said_to_doubt_what_it_never_learned(
    desk: Desk, status: bool, lesion: bool, words: str, missing: str
) -> None:
    model = desk.workspace.model
    assert model is not None
    desk.workspace.model = replace(model, knows_outcome=status, tells_type=lesion)
    desk.choose(USEFUL)
    unsure = [desk.tip(name) for name in desk.names if desk.word(name) == "model unsure"]
    assert unsure and all(words in tip and missing not in tip for tip in unsure)


def test_a_model_of_masks_alone_ranks_what_is_drawn(desk: Desk) -> None:
    model = desk.workspace.model
    assert model is not None
    desk.draw("P2/T1.png", RIGHT)
    desk.workspace.model = replace(model, knows_outcome=False, tells_type=False)
    desk.choose(USEFUL)
    assert desk.names == ["P2/T1.png", "P1/T1.png"]
    assert [desk.word(name) for name in desk.names] == ["differs from model", "close to model"]


def test_the_first_not_seen_is_next() -> None:
    seen = {"b"}
    assert first_of(["b", "a", "c"], seen, "b") == "a"
    seen |= {"a", "c"}
    assert first_of(["b", "a", "c"], seen, "b") == "a" and not seen
    assert first_of([], {"b"}, "b") is None
    assert first_of(["b"], {"b"}, "b") is None


def test_the_order_is_shown_from_its_top(desk: Desk) -> None:
    desk.list.view.setFixedHeight(64)
    desk.choose(USEFUL)
    desk.workspace.select_instance(desk.names[2])
    tasks.wait_all()
    assert desk.list.view.verticalScrollBar().value() > 0, "the image on screen is shown where it stands"
    desk.choose(EVERY)
    desk.choose(USEFUL)
    assert desk.list.view.verticalScrollBar().value() == 0
    assert desk.list.view.currentIndex().row() == 2


def test_what_nobody_foresaw_is_told_once_and_can_be_tried_again(
    desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usefulness, "CHUNK", 1)
    with monkeypatch.context() as broken:
        broken.setattr(usefulness, "_doubts", lambda *_: 1 / 0)
        with qtbot.capture_exceptions() as told:
            desk.choose(USEFUL)
    assert [kind for kind, _error, _trace in told] == [ZeroDivisionError]
    assert desk.list.useful.caption == ""
    desk.choose(EVERY)
    desk.choose(USEFUL)
    assert set(desk.names) == set(LOGITS)


# Likely errors


def test_sound_outlines_are_not_listed(desk: Desk) -> None:
    desk.choose(ERRORS)
    assert desk.names == [] and desk.list.empty.text() == "Nothing looks wrong about the outlines here."


def test_suspicions_stand_the_worst_first_with_their_sentences(desk: Desk) -> None:
    desk.draw("P1/T2.png", BOW)
    desk.draw("P2/T1.png", LEFT, LEFT)
    desk.choose(ERRORS)
    assert desk.names[0] == "P2/T1.png" and set(desk.names) == {"P1/T2.png", "P2/T1.png"}
    assert desk.word("P2/T1.png") == "drawn twice" and "same pixels as shape 1" in desk.tip("P2/T1.png")
    assert desk.word("P1/T2.png") == "crosses itself"


def test_choosing_an_image_says_what_is_wrong_and_selects_the_shape(desk: Desk) -> None:
    desk.draw("P2/T1.png", LEFT, LEFT)
    desk.choose(ERRORS)
    row = desk.list.model.row_of("P2/T1.png")
    desk.list.view.setCurrentIndex(desk.list.model.index(row))
    tasks.wait_all()
    assert desk.page.room.shown == "P2/T1.png"
    assert desk.page.canvas.selection == {1}
    assert desk.page.room.info.isVisible() and "same pixels as shape 1" in desk.page.room.info.text
    desk.actions["shape.delete"].trigger()
    tasks.wait_all()
    assert desk.names == [] and not desk.page.room.info.isVisible(), "it is mended"


def test_nothing_is_said_where_the_errors_are_not_listed(desk: Desk) -> None:
    desk.draw("P2/T1.png", LEFT, LEFT)
    desk.choose(ERRORS)
    desk.choose(EVERY)
    desk.workspace.select_instance("P2/T1.png")
    tasks.wait_all()
    assert not desk.page.room.info.isVisible() and not desk.page.canvas.selection


def test_errors_are_found_without_a_reading(shown: Callable[[Path], Desk], project_folder: Path) -> None:
    desk = shown(project_folder)
    desk.draw("P1/T2.png", BOW)
    desk.draw("P1/N3.png", LEFT)
    desk.choose(ERRORS)
    assert desk.names == ["P1/N3.png", "P1/T2.png"]
    assert [desk.word(name) for name in desk.names] == ["other label?", "crosses itself"]


def test_a_flag_against_the_model_is_listed(desk: Desk) -> None:
    desk.workspace.edit("P1/T2.png", replace(desk.workspace.annotation("P1/T2.png"), flags={NO_LESION: True}), "Flag")
    tasks.wait_all()
    desk.choose(ERRORS)
    assert desk.names == ["P1/T2.png"] and desk.word("P1/T2.png") == "differs from model"


def test_an_edit_brings_an_image_into_the_list(desk: Desk) -> None:
    desk.choose(ERRORS)
    desk.draw("P1/T2.png", BOW)
    assert desk.names == ["P1/T2.png"]
    desk.draw("P1/T2.png", LEFT)
    assert desk.names == []


def test_an_area_unlike_the_projects_is_listed(desk: Desk, tmp_path: Path) -> None:
    """Twenty outlines of a label make an area usual."""
    many = tuple(Shape("tumor", ((x, 2.0), (x + 8 + x / 60, 2.0), (x + 8, 12.0), (x, 12.0))) for x in range(0, 50, 2))
    usual = suspected._shares([(instance_of(desk, "P1/T2.png"), Annotation("T2.png", HEIGHT, WIDTH, many))])
    areas = suspected.usual_areas([pair for shares in usual.values() for pair in shares or ()])
    drawn = Annotation("T1.png", HEIGHT, WIDTH, (Shape("tumor", LEFT),))
    source = usefulness.Source(tmp_path / "none.h5", None, "", None)
    found = suspected._suspicions(source, [(instance_of(desk, "P2/T1.png"), drawn)], areas)
    assert found["P2/T1.png"] is not None and found["P2/T1.png"][1].word == "unusual size"


def test_an_image_that_is_gone_is_as_large_as_its_annotation_says(desk: Desk) -> None:
    instance = replace(instance_of(desk, "P1/T1.png"), image="/nowhere/T1.png")
    assert suspected._size(instance, Annotation("T1.png", 7, 9)) == (7, 9)
    assert suspected._size(instance, Annotation("T1.png")) is None


def instance_of(desk: Desk, name: str) -> usefulness.Instance:
    return desk.list.suspected._instances.get(name) or next(
        one for patient in desk.workspace.patients for one in patient.bag if one.id == name
    )
