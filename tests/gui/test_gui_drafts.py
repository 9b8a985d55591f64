"""Outlines at work outlive restarts, crashes and other programs, with every step."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError, BadFile
from aln_desk.domain.history import History
from aln_desk.domain.patient import Instance, View
from aln_desk.domain.shape import Shape
from aln_desk.gui import autosave, remedies, tasks
from aln_desk.gui.drafts import Drafts
from aln_desk.gui.troubles import Action, Kind, Trouble
from aln_desk.io import images, labelme_json, lock
from aln_desk.io.lock import ProjectLock

OUTLINE = Shape("tumor", ((1.0, 2.0), (30.0, 4.0), (12.0, 20.0)))
THEIRS = Shape("lymph_node", ((5.0, 5.0), (9.0, 5.0), (9.0, 9.0)))


class Desk:
    """A project of two images that is opened again and again."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "study"
        self.project.mkdir()
        self.instances = {name: self._image(folder, name) for name in ("P1/a.png", "P1/b.png")}
        self.image = self.instances["P1/a.png"]
        self.file = Path(self.image.annotation)
        self.drafts = Drafts()
        self.open()

    def open(self) -> Drafts:
        """As after a start of the program."""
        self.drafts.open(self.project, self.instances.get)
        return self.drafts

    def crash(self) -> None:
        """The process ends: nothing is saved, nothing tidied up."""
        tasks.wait_all()
        self.drafts = Drafts()

    def close(self) -> None:
        assert self.drafts.autosave.settle()
        self.drafts.forget()

    def draw(self, shape: Shape = OUTLINE, what: str = "Draw") -> None:
        before = self.drafts.annotation(self.image)
        self.drafts.edit(self.image, edit.add_shape(before, shape), what)

    def save(self) -> None:
        assert self.drafts.autosave.settle()

    def change_outside(self, *shapes: Shape) -> None:
        """As another program does."""
        labelme_json.write(self.file, Annotation("a.png", 24, 40, shapes))

    @property
    def history(self) -> History:
        return self.drafts.history(self.image)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return self.history.annotation.shapes

    @property
    def on_disk(self) -> tuple[Shape, ...]:
        return labelme_json.read(self.file).shapes

    @property
    def trouble(self) -> Kind | None:
        found = self.drafts.troubles.of(self.image.id)
        return found.kind if found is not None else None

    def answer(self, action: Action) -> None:
        found = self.drafts.troubles.of(self.image.id)
        assert found is not None
        remedies.answer(self.drafts, found, action)
        tasks.wait_all()

    @staticmethod
    def _image(folder: Path, name: str) -> Instance:
        image = folder / "images" / Path(name).name
        image.parent.mkdir(exist_ok=True)
        images.write_png(image, np.zeros((24, 40, 3), np.uint8))
        return Instance(name, "P1", View.TUMOUR, str(image), str(image.with_suffix(".json")))


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    tasks.wait_all()
    made.drafts.forget()


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    """Makes the disk full, or not."""
    save = autosave.save_annotation

    def refuse(*_: object) -> None:
        raise BadFile("a.json", "the disk is full", "Make space")

    def switch(is_full: bool) -> None:
        monkeypatch.setattr(autosave, "save_annotation", refuse if is_full else save)

    yield switch
    switch(False)


def seen(history: History) -> tuple[int, list[tuple[str, float, Annotation]]]:
    return history.at, [(step.what, step.when, step.annotation) for step in history.steps]


# Undo and redo over restarts


def test_every_step_and_the_place_among_them_outlive_a_restart(desk: Desk) -> None:
    for number in range(30):
        desk.draw(replace(OUTLINE, label=str(number)), f"edit {number}")
    desk.drafts.jump(desk.image, 12)
    before = seen(desk.history)
    desk.close()
    desk.open()
    assert seen(desk.history) == before
    assert (desk.history.undo_what, desk.history.redo_what) == ("edit 11", "edit 12")
    desk.drafts.redo(desk.image)
    assert len(desk.shapes) == 13 and desk.trouble is None
    desk.save()
    assert len(desk.on_disk) == 13


def test_a_step_tells_when_it_was_made(desk: Desk) -> None:
    desk.draw()
    first, second = desk.history.steps
    assert first.when == 0 and second.when > 1.6e9


def test_jumping_to_where_one_is_writes_nothing(desk: Desk) -> None:
    desk.draw()
    desk.save()
    desk.drafts.jump(desk.image, 1)
    desk.drafts.redo(desk.image)
    assert not desk.drafts.autosave.unsaved
    with pytest.raises(IndexError):
        desk.drafts.jump(desk.image, 2)


def test_an_edit_that_changes_nothing_is_none(desk: Desk) -> None:
    desk.drafts.edit(desk.image, desk.drafts.annotation(desk.image), "nothing")
    assert not desk.drafts.autosave.unsaved and not desk.history.can_undo
    assert list(desk.project.glob("journal/*")) == []


def test_opening_reads_no_journal_of_a_saved_image(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.draw()
    desk.close()
    read: list[str] = []
    monkeypatch.setattr(
        "aln_desk.io.journal.journal_lines.replay", lambda data: read.append("") or pytest.fail("it was read")
    )
    desk.open()
    assert read == []


def test_two_readers_of_an_image_have_their_own_histories(desk: Desk) -> None:
    reader = replace(desk.image, annotation=str(desk.project / "annotations" / "readers" / "a.json"))
    desk.draw()
    desk.drafts.edit(reader, Annotation("a.png", shapes=(THEIRS,)), "Draw")
    desk.crash()
    desk.open()
    assert desk.shapes == (OUTLINE,)
    assert desk.drafts.annotation(reader).shapes == (THEIRS,)
    desk.save()
    assert labelme_json.read(reader.annotation).shapes == (THEIRS,)


# Crashes


def test_after_a_crash_the_newest_state_is_back_and_saved(desk: Desk) -> None:
    desk.draw(what="saved")
    desk.save()
    desk.draw(THEIRS, "not saved")
    before = seen(desk.history)
    desk.crash()
    desk.open()
    assert desk.trouble == "recovered"
    found = desk.drafts.troubles.of(desk.image.id)
    assert found is not None and "not saved" in found.sentence and "Nothing is lost" in found.sentence
    assert seen(desk.history) == before
    tasks.wait_all()
    assert desk.on_disk == (OUTLINE, THEIRS)
    desk.crash()
    desk.open()
    assert desk.drafts.troubles.all == []


def test_what_was_recovered_can_be_discarded_and_had_back(desk: Desk) -> None:
    desk.draw()
    desk.save()
    for number in range(3):
        desk.draw(replace(THEIRS, label=str(number)))
    desk.crash()
    desk.open()
    tasks.wait_all()
    desk.answer("discard")
    assert desk.shapes == (OUTLINE,) and desk.trouble is None
    assert len(desk.history) == 5 and desk.history.can_redo
    desk.save()
    assert desk.on_disk == (OUTLINE,)


def test_a_crash_before_the_first_save_loses_nothing(desk: Desk) -> None:
    desk.draw()
    assert not desk.file.exists()
    desk.crash()
    desk.open()
    assert desk.shapes == (OUTLINE,) and desk.trouble == "recovered"


def test_a_crash_between_the_file_and_its_mark_is_no_news(desk: Desk) -> None:
    desk.draw()
    written = desk.history.annotation
    desk.crash()
    labelme_json.write(desk.file, written)
    desk.open()
    assert desk.drafts.troubles.all == [] and list(desk.project.glob("journal/*.unsaved")) == []
    assert desk.shapes == (OUTLINE,)


def test_a_crash_after_undo_and_another_edit_can_still_go_back_to_the_file(desk: Desk) -> None:
    desk.draw()
    desk.save()
    desk.drafts.undo(desk.image)
    desk.draw(THEIRS)  # what the file holds is no step any more
    desk.crash()
    desk.open()
    assert desk.shapes == (THEIRS,)
    desk.answer("discard")
    assert desk.shapes == (OUTLINE,)
    desk.drafts.undo(desk.image)
    assert desk.shapes == (THEIRS,)


def test_an_image_that_left_the_project_is_passed_over(desk: Desk) -> None:
    desk.draw()
    desk.crash()
    desk.drafts.open(desk.project, lambda _: None)
    assert desk.drafts.troubles.all == []


def test_a_journal_that_cannot_be_read_whole_is_told(desk: Desk) -> None:
    desk.draw()
    desk.save()
    desk.draw(THEIRS)
    desk.save()
    (journal,) = desk.project.glob("journal/*.jsonl")
    data = bytearray(journal.read_bytes())
    data[data.index(b"\n") + 20] ^= 1
    journal.write_bytes(data)
    desk.crash()
    desk.open()
    assert desk.shapes == (OUTLINE, THEIRS)  # what the file holds
    assert desk.trouble == "history"
    assert desk.history.undo().annotation.shapes == ()


# Other programs


def test_a_version_of_another_program_becomes_a_step(desk: Desk) -> None:
    desk.draw()
    desk.save()
    desk.change_outside(THEIRS)
    assert desk.shapes == (THEIRS,) and desk.trouble == "reloaded"
    desk.answer("discard")
    assert desk.shapes == (OUTLINE,)
    desk.save()
    assert desk.on_disk == (OUTLINE,)


def test_a_version_made_while_the_program_was_closed_becomes_a_step(desk: Desk) -> None:
    desk.draw()
    desk.close()
    desk.change_outside(THEIRS)
    desk.open()
    assert desk.shapes == (THEIRS,)
    desk.drafts.undo(desk.image)
    assert desk.shapes == (OUTLINE,)
    desk.close()
    desk.open()
    assert desk.shapes == (OUTLINE,) and len(desk.history) == 3


def test_saving_by_another_program_without_a_change_is_no_news(desk: Desk) -> None:
    desk.draw()
    desk.save()
    record = json.loads(desk.file.read_text(encoding="utf-8"))
    desk.file.write_text(json.dumps({**record, "version": "7.9.1"}), encoding="utf-8")
    assert len(desk.history) == 2 and desk.trouble is None
    desk.draw(THEIRS)
    desk.save()
    assert desk.on_disk == (OUTLINE, THEIRS)


@pytest.mark.parametrize(
    ("action", "shapes", "steps"),
    [
        ("merge", (OUTLINE, OUTLINE, THEIRS), ["", "Draw", "Draw", "Merge with the file"]),
        ("reload", (OUTLINE, THEIRS), ["", "Draw", "Draw", "Reload the file"]),
        ("retry", (OUTLINE, OUTLINE), ["", "Draw", "Draw", "Changed by another program", "Keep my version"]),
    ],
)
def test_both_have_changed_it(desk: Desk, action: Action, shapes: tuple[Shape, ...], steps: list[str]) -> None:
    desk.draw()
    desk.save()
    desk.draw()
    desk.change_outside(OUTLINE, THEIRS)
    assert not desk.drafts.autosave.settle()
    assert desk.trouble == "changed" and THEIRS in desk.on_disk
    desk.answer(action)
    assert desk.trouble is None and not desk.drafts.autosave.unsaved
    assert desk.on_disk == desk.shapes == shapes
    assert [step.what for step in desk.history.steps] == steps
    desk.close()
    desk.open()
    assert [step.what for step in desk.history.steps] == steps and desk.trouble is None


def test_both_have_changed_it_and_then_it_crashed(desk: Desk) -> None:
    desk.draw()
    desk.save()
    desk.draw(replace(OUTLINE, label="mine"))
    desk.crash()
    desk.change_outside(THEIRS)
    desk.open()
    assert [shape.label for shape in desk.shapes] == ["tumor", "mine"]
    assert not desk.drafts.autosave.settle()
    assert desk.on_disk == (THEIRS,) and desk.trouble == "changed"
    desk.answer("merge")
    assert [shape.label for shape in desk.on_disk] == ["tumor", "mine", "lymph_node"]


def test_it_is_changed_once_more_while_the_question_stands(desk: Desk) -> None:
    desk.draw()
    desk.save()
    desk.draw()
    desk.change_outside(THEIRS)
    assert not desk.drafts.autosave.settle()
    trouble = desk.drafts.troubles.of(desk.image.id)
    desk.file.write_text("{", encoding="utf-8")
    with pytest.raises(BadFile):
        desk.answer("merge")
    assert desk.drafts.troubles.of(desk.image.id) == trouble
    assert desk.file.read_text(encoding="utf-8") == "{"


def test_a_file_that_is_gone_is_made_again_when_asked(desk: Desk) -> None:
    desk.draw()
    desk.save()
    desk.file.unlink()
    assert desk.shapes == (OUTLINE,)
    assert not desk.drafts.autosave.settle() and desk.trouble == "gone" and not desk.file.exists()
    desk.answer("retry")
    assert desk.on_disk == (OUTLINE,) and desk.trouble is None


def test_a_file_that_is_gone_at_the_start_is_told_and_may_stay_away(desk: Desk) -> None:
    desk.draw()
    desk.close()
    desk.file.unlink()
    desk.open()
    assert desk.shapes == (OUTLINE,)
    assert not desk.drafts.autosave.settle() and desk.trouble == "gone"
    desk.answer("reload")
    assert desk.shapes == () and desk.trouble is None and not desk.file.exists()
    desk.drafts.undo(desk.image)
    desk.save()
    assert desk.on_disk == (OUTLINE,)


def test_a_damaged_file_of_a_known_image_is_put_aside_when_asked(desk: Desk) -> None:
    desk.draw()
    desk.close()
    desk.file.write_text("{", encoding="utf-8")
    desk.open()
    assert desk.shapes == (OUTLINE,)
    assert not desk.drafts.autosave.settle() and desk.trouble == "damaged"
    assert desk.file.read_text(encoding="utf-8") == "{"
    desk.answer("retry")
    assert desk.on_disk == (OUTLINE,)
    assert desk.file.with_name("a.json.bad-1").read_text(encoding="utf-8") == "{"


def test_a_damaged_file_that_nobody_knows_is_an_error(desk: Desk) -> None:
    desk.file.write_text("{", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(BadFile):
            desk.drafts.annotation(desk.image)
    desk.change_outside(THEIRS)
    assert desk.shapes == (THEIRS,)


def test_coming_back_to_the_window_notices_what_others_did(desk: Desk) -> None:
    desk.draw()
    desk.save()
    changed: list[str] = []
    desk.drafts.changed.connect(changed.append)
    desk.drafts.look_again(desk.image)
    assert changed == []
    desk.change_outside(THEIRS)
    desk.drafts.look_again(desk.image)
    assert changed == [desk.image.id] and desk.shapes == (THEIRS,)


def test_an_edit_of_what_is_on_screen_is_not_put_on_a_version_nobody_has_seen(desk: Desk) -> None:
    desk.draw()
    desk.save()
    on_screen = desk.history.annotation
    desk.change_outside(THEIRS)
    desk.drafts.edit(desk.image, edit.relabel(on_screen, [0], "mine"), "Relabel")
    assert not desk.drafts.autosave.settle()
    assert desk.trouble == "changed" and desk.on_disk == (THEIRS,)


# Disks that refuse


def test_a_full_disk_is_told_and_the_next_try_saves(desk: Desk, full: Callable[[bool], None]) -> None:
    full(True)
    desk.draw()
    assert not desk.drafts.autosave.settle() and desk.trouble == "failed"
    desk.answer("retry")
    assert desk.trouble == "failed"
    full(False)
    desk.answer("retry")
    assert desk.trouble is None and desk.on_disk == (OUTLINE,)
    assert len(desk.history) == 2


def test_outlines_are_saved_elsewhere_and_come_back(desk: Desk, tmp_path: Path, full: Callable[[bool], None]) -> None:
    full(True)
    desk.draw()
    assert not desk.drafts.autosave.settle()
    trouble = desk.drafts.troubles.of(desk.image.id)
    assert trouble is not None
    with pytest.raises(BadFile):
        remedies.save_elsewhere(desk.drafts, trouble, tmp_path / "images" / "a.png" / "x.json")
    assert desk.trouble == "failed"
    copy = tmp_path / "elsewhere" / "copy.json"
    remedies.save_elsewhere(desk.drafts, trouble, copy)
    assert labelme_json.read(copy).shapes == (OUTLINE,)
    assert labelme_json.read(copy).image_path == "../images/a.png"
    assert desk.trouble is None and not desk.drafts.autosave.unsaved and not desk.file.exists()
    full(False)
    desk.crash()
    desk.open()
    assert desk.shapes == (OUTLINE,) and desk.trouble == "recovered"


def test_outlines_given_up_at_the_end_come_back(desk: Desk, full: Callable[[bool], None]) -> None:
    full(True)
    desk.draw()
    assert not desk.drafts.autosave.settle()
    desk.drafts.forget()
    full(False)
    desk.open()
    assert desk.shapes == (OUTLINE,)


def test_a_journal_that_cannot_be_written_is_told_and_the_file_is_saved(desk: Desk) -> None:
    (desk.project / "journal").write_bytes(b"no folder")
    desk.draw()
    assert desk.trouble == "journal"
    desk.save()
    assert desk.on_disk == (OUTLINE,)
    (desk.project / "journal").unlink()
    desk.answer("retry")
    assert desk.trouble is None
    desk.close()
    desk.open()
    assert desk.history.can_undo


# Two windows


def as_another_process(desk: Desk) -> None:
    """The lock is another computer's now."""
    owner = lock.read(desk.project / lock.FILE)
    assert owner is not None
    other = replace(owner, host="elsewhere", token="another")
    (desk.project / lock.FILE).write_text(json.dumps(asdict(other)), encoding="utf-8")


def test_the_second_window_only_shows(desk: Desk) -> None:
    desk.draw()
    as_another_process(desk)
    second = Drafts()
    second.open(desk.project, desk.instances.get)
    assert second.read_only
    trouble = second.troubles.of("")
    assert trouble is not None and trouble.kind == "locked" and "elsewhere" in trouble.sentence
    changed: list[str] = []
    second.changed.connect(changed.append)
    assert second.annotation(desk.image).shapes == (OUTLINE,)  # though its file is not written yet
    second.edit(desk.image, Annotation("a.png"), "Delete")
    second.undo(desk.image)
    assert changed == [desk.image.id]  # what is on screen is taken back
    assert second.annotation(desk.image).shapes == (OUTLINE,)
    assert second.autosave.settle() and not desk.file.exists()
    second.forget()
    assert (desk.project / lock.FILE).exists()


def test_taking_over_stops_the_first_window_and_keeps_its_edits(desk: Desk) -> None:
    desk.draw()
    as_another_process(desk)
    first, lines = desk.drafts, lambda: sum(path.stat().st_size for path in desk.project.glob("journal/*.jsonl"))
    second = Drafts()
    second.open(desk.project, desk.instances.get)
    (desk.project / lock.FILE).write_text("{}", encoding="utf-8")
    os.utime(desk.project / lock.FILE, (1, 1))
    second.take_over()
    assert not second.read_only and second.annotation(desk.image).shapes == (OUTLINE,)
    tasks.wait_all()
    assert desk.on_disk == (OUTLINE,)
    as_another_process(desk)  # as the first one sees it
    before = lines()
    first.autosave.flush()
    assert first.read_only and first.troubles.of("") is not None
    first.edit(desk.image, Annotation("a.png"), "Delete")
    assert lines() == before and desk.on_disk == (OUTLINE,)
    second.forget()


def test_a_window_that_sees_only_follows_the_other_ones_file(desk: Desk) -> None:
    desk.draw()
    desk.save()
    as_another_process(desk)
    second = Drafts()
    second.open(desk.project, desk.instances.get)
    assert second.annotation(desk.image).shapes == (OUTLINE,)
    desk.drafts.ownership._lock = ProjectLock(desk.project)  # the first one still believes that it is its own
    desk.draw(THEIRS)
    desk.save()
    assert second.annotation(desk.image).shapes == (OUTLINE, THEIRS)
    assert second.troubles.of(desk.image.id) is None
    second.forget()


def test_without_a_project_nothing_can_be_drawn(qtbot: QtBot, tmp_path: Path) -> None:
    with pytest.raises(AlnError, match="No project"):
        Drafts().annotation(Instance("P1/a.png", "P1", View.TUMOUR, "a.png", "a.json"))


# Any order of things

_moves = st.lists(
    st.tuples(
        st.sampled_from(["draw", "delete", "undo", "redo", "jump", "flush", "settle", "crash", "reopen"]),
        st.integers(0, 99),
    ),
    max_size=25,
)


@given(_moves)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reopening_at_any_time_changes_nothing(
    qtbot: QtBot, tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, int]]
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    known = desk.history
    for kind, number in moves:
        annotation = desk.drafts.annotation(desk.image)
        if kind == "draw":
            desk.draw(replace(OUTLINE, label=str(number)), f"draw {number}")
            known = known.push(desk.history.annotation, f"draw {number}")
        elif kind == "delete" and annotation.shapes:
            desk.drafts.edit(desk.image, annotation.with_shapes(()), "delete")
            known = known.push(annotation.with_shapes(()), "delete")
        elif kind in ("undo", "redo"):
            getattr(desk.drafts, kind)(desk.image)
            known = getattr(known, kind)()
        elif kind == "jump":
            desk.drafts.jump(desk.image, number % len(known))
            known = known.jump(number % len(known))
        elif kind == "flush":
            desk.drafts.autosave.flush()
        elif kind == "settle":
            desk.save()
        elif kind == "crash":
            desk.crash()
            desk.open()
        elif kind == "reopen":
            desk.close()
            desk.open()
        found = desk.history
        assert found.at == known.at
        assert [(a.what, a.annotation) for a in found.steps] == [(b.what, b.annotation) for b in known.steps]
    desk.close()
    if known.annotation.shapes or Path(desk.image.annotation).exists():  # what was taken back at once needs no file
        assert desk.on_disk == known.annotation.shapes


def test_a_trouble_is_told_once(qtbot: QtBot, desk: Desk) -> None:
    told: list[tuple[str, str, str]] = []
    desk.drafts.troubles.told.connect(lambda *one: told.append(one))
    trouble = Trouble("failed", "It is full.", desk.image)
    desk.drafts.troubles.tell(trouble)
    desk.drafts.troubles.tell(trouble)
    assert told == [("P1/a.png", "failed", "It is full.")]
    desk.drafts.troubles.settle(desk.image, ("changed",))
    assert desk.drafts.troubles.all == [trouble]
