"""LabelMe files are written in the background, the newest state only, and never over somebody else's."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadFile
from aln_desk.domain.patient import Instance, View
from aln_desk.domain.shape import Shape
from aln_desk.gui import autosave as autosave_module
from aln_desk.gui import tasks
from aln_desk.gui.autosave import Autosave, Newest
from aln_desk.io import images, labelme_json
from aln_desk.io.annotations import ChangedElsewhere, save_annotation, stamp

OUTLINE = Shape("tumor", ((1.0, 2.0), (30.0, 4.0), (12.0, 20.0)))


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    image = tmp_path / "images" / "a.png"
    image.parent.mkdir()
    images.write_png(image, np.zeros((24, 40, 3), np.uint8))
    return Instance("P1/a.png", "P1", View.TUMOUR, str(image), str(image.with_suffix(".json")))


@pytest.fixture
def autosave(qtbot: QtBot) -> Autosave:
    return Autosave(lambda: True)


def newest(instance: Instance, count: int, number: int = 0) -> Newest:
    shapes = tuple(replace(OUTLINE, label=f"label {n}") for n in range(count))
    journal = Path(instance.annotation).with_name("a.jsonl")
    return Newest(instance, Annotation("a.png", shapes=shapes), number, journal)


def on_disk(instance: Instance) -> int:
    return len(labelme_json.read(instance.annotation).shapes)


def test_an_edit_is_saved_soon(qtbot: QtBot, autosave: Autosave, instance: Instance) -> None:
    with qtbot.waitSignal(autosave.saved) as saved:
        autosave.edit(newest(instance, 1, number=7))
        assert autosave.unsaved == {instance.id}
    assert saved.args[0].number == 7 and on_disk(instance) == 1
    assert not autosave.unsaved and not autosave.changed_on_disk(instance)


def test_edits_that_do_not_stop_are_saved_all_the_same(
    qtbot: QtBot, autosave: Autosave, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosave_module, "DELAY_MS", 60)
    saved: list[int] = []
    autosave.saved.connect(lambda one: saved.append(one.number))
    for number in range(1, 1000):
        autosave.edit(newest(instance, 1, number))
        qtbot.wait(10)
        if saved:
            break
    assert saved and 1 < saved[0] <= number


def test_of_many_edits_the_newest_is_written(
    autosave: Autosave, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def counted(to: Instance, annotation: Annotation, *known_good: bool) -> None:
        written.append(len(annotation.shapes))
        save_annotation(to, annotation, *known_good)

    monkeypatch.setattr(autosave_module, "save_annotation", counted)
    for count in range(10):
        autosave.edit(newest(instance, count))
    autosave.flush()
    for count in range(10, 15):  # while it is being written
        autosave.edit(newest(instance, count))
    assert autosave.settle()
    assert written == [9, 14] and on_disk(instance) == 14


def test_a_foreign_version_is_never_written_over(autosave: Autosave, instance: Instance) -> None:
    autosave.edit(newest(instance, 1))
    assert autosave.settle()
    labelme_json.write(instance.annotation, Annotation("a.png", shapes=(OUTLINE,) * 3))
    assert autosave.changed_on_disk(instance)
    told: list[tuple[Instance, ChangedElsewhere]] = []
    autosave.failed.connect(lambda *one: told.append(one))
    autosave.edit(newest(instance, 2))
    assert not autosave.settle()
    assert [(one.id, error.kind) for one, error in told] == [(instance.id, "changed")]
    assert on_disk(instance) == 3 and autosave.unsaved == {instance.id}
    autosave.loaded(instance, stamp(instance))
    assert autosave.settle() and on_disk(instance) == 2


def test_a_version_of_the_same_size_and_time_is_told_apart(autosave: Autosave, instance: Instance) -> None:
    autosave.edit(newest(instance, 1))
    assert autosave.settle()
    file = Path(instance.annotation)
    text, times = file.read_text(encoding="utf-8"), file.stat()
    labelme_json.write(file, labelme_json.loads(text.replace("label 0", "label 9"), file))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file.stat().st_size == times.st_size
    assert autosave.changed_on_disk(instance)


@pytest.mark.parametrize(("damage", "kind"), [("{", "damaged"), (None, "gone")])
def test_a_file_damaged_or_taken_away_is_named(
    autosave: Autosave, instance: Instance, damage: str | None, kind: str
) -> None:
    autosave.edit(newest(instance, 1))
    assert autosave.settle()
    file = Path(instance.annotation)
    if damage is None:
        file.unlink()
    else:
        file.write_text(damage, encoding="utf-8")
    told: list[ChangedElsewhere] = []
    autosave.failed.connect(lambda _, error: told.append(error))
    autosave.edit(newest(instance, 2))
    assert not autosave.settle()
    assert told[0].kind == kind and str(file) in str(told[0])
    assert file.exists() == (damage is not None)


def test_a_file_that_is_doubted_is_left_alone(autosave: Autosave, instance: Instance) -> None:
    labelme_json.write(instance.annotation, Annotation("a.png"))
    autosave.loaded(instance, stamp(instance))
    autosave.doubt(instance)
    autosave.edit(newest(instance, 2))
    assert not autosave.settle() and on_disk(instance) == 0


def test_a_full_disk_keeps_the_newest_and_the_next_edit_tries_again(
    autosave: Autosave, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BadFile(instance.annotation, "the disk is full", "Make space")

    states: list[str] = []
    autosave.stateChanged.connect(states.append)
    with monkeypatch.context() as patched:
        patched.setattr(autosave_module, "save_annotation", refuse)
        autosave.edit(newest(instance, 1))
        assert not autosave.settle()
    assert states[-1] == "Not saved" and autosave.waits(instance)
    autosave.edit(newest(instance, 2))
    assert autosave.settle() and on_disk(instance) == 2
    assert states[-1].startswith("Saved")


def test_nothing_is_written_while_it_may_not_be(qtbot: QtBot, instance: Instance) -> None:
    allowed = [False]
    autosave = Autosave(lambda: allowed[0])
    autosave.edit(newest(instance, 1))
    assert not autosave.settle() and not Path(instance.annotation).exists()
    allowed[0] = True
    assert autosave.settle() and on_disk(instance) == 1


def test_two_files_of_one_image_are_kept_apart(autosave: Autosave, instance: Instance, tmp_path: Path) -> None:
    reader = replace(instance, annotation=str(tmp_path / "readers" / "a.json"))
    autosave.edit(newest(instance, 1))
    autosave.edit(newest(reader, 2))
    assert autosave.unsaved == {instance.id}
    assert autosave.settle()
    assert (on_disk(instance), on_disk(reader)) == (1, 2)


def test_an_answer_that_comes_after_the_project_was_closed_changes_nothing(
    autosave: Autosave, instance: Instance
) -> None:
    autosave.edit(newest(instance, 1))
    autosave.flush()
    autosave.forget()
    tasks.wait_all()
    assert not autosave.unsaved and not autosave.changed_on_disk(instance)


def test_the_journal_is_on_the_disk_before_the_file(
    autosave: Autosave, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(autosave_module.journal, "sync", lambda path: order.append(path.name))
    monkeypatch.setattr(autosave_module, "save_annotation", lambda *_: order.append("file"))
    autosave.edit(newest(instance, 1))
    autosave.settle()
    assert order[0] == "a.jsonl" and order.index("file") == len(order) - 1


def test_what_killed_processes_left_goes_with_the_first_save(autosave: Autosave, instance: Instance) -> None:
    left = Path(instance.annotation).with_name(".aln-0123.tmp")
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    autosave.edit(newest(instance, 1))
    assert autosave.settle() and not left.exists()
