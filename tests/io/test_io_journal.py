"""Journals on the disk: what outlives a process, a full disk and a folder that may not be written to."""

from __future__ import annotations

import errno
import os
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.history import History, Step
from aln_desk.domain.patient import Instance, View
from aln_desk.domain.shape import Shape
from aln_desk.io import journal as journal_module
from aln_desk.io.journal import FOLDER, Journal, Journals, same_content

OUTLINE = Shape("tumor", ((1.0, 2.0), (30.0, 4.0), (12.0, 20.0)))
EMPTY = Annotation("a.png", 48, 64)
DRAWN = EMPTY.with_shapes((OUTLINE,))
IMAGE = Instance("P 1/a.png", "P 1", View.TUMOUR, "/images/a.png", "/images/a.json")


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    (tmp_path / "study").mkdir()
    return Journals(tmp_path / "study", tmp_path / "spare" / "study")


def pushed(journal: Journal, history: History, annotation: Annotation, what: str = "edit") -> History:
    after = history.push(annotation, what, 5.0)
    journal.push(history.annotation, after.present)
    return after


def refusing(monkeypatch: pytest.MonkeyPatch, number: int, room: int = 0) -> list[int]:
    """Writes take ``room`` bytes and then fail; clear the list to let them work again."""
    left, write = [room], os.write

    def limited(file: int, data: bytes) -> int:
        if not left:
            return write(file, data)
        if left[0] == 0:
            raise OSError(number, os.strerror(number))
        taken = write(file, bytes(data)[: left[0]])
        left[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", limited)
    return left


def test_an_edit_is_read_by_whoever_opens_it_next(journals: Journals) -> None:
    journal = journals.open(IMAGE)
    assert journal.found.history is None
    history = pushed(journal, History.of(EMPTY), DRAWN, "draw")
    again = journals.open(IMAGE)
    assert again.found.history == history
    journal.move(0)
    assert journals.open(IMAGE).found.history == history.undo()


def test_a_first_line_at_hand_is_used_for_what_it_was_made_of_only(journals: Journals) -> None:
    for opened in (EMPTY, DRAWN):
        instance = replace(IMAGE, id=f"P1/{len(opened.shapes)}.png")
        journal = journals.open(instance)
        journal.prepare(journal.first_line(EMPTY))
        history = pushed(journal, History.of(opened), opened.with_shapes((OUTLINE, OUTLINE)))
        assert journals.open(instance).found.history == history


def test_nothing_is_made_for_an_image_that_is_only_looked_at(journals: Journals, tmp_path: Path) -> None:
    journals.open(IMAGE)
    assert list((tmp_path / "study").iterdir()) == []
    assert journals.unsaved() == []


def test_marks_name_what_is_unsaved(journals: Journals, tmp_path: Path) -> None:
    inside = replace(IMAGE, annotation=str(tmp_path / "study" / "annotations" / "a.json"))
    for instance in (IMAGE, inside):
        pushed(journals.open(instance), History.of(EMPTY), DRAWN)
    assert sorted(journals.unsaved(), key=str) == [(IMAGE.id, None), (IMAGE.id, Path(inside.annotation))]
    journal = journals.open(IMAGE)
    journal.save(0)
    assert len(journals.unsaved()) == 2  # an older state than the newest
    journal.save(journal.state_number)
    assert journals.unsaved() == [(IMAGE.id, Path(inside.annotation))]
    assert journals.open(IMAGE).found.clean


def test_a_torn_line_is_cut_before_the_next(journals: Journals) -> None:
    journal = journals.open(IMAGE)
    history = pushed(journal, History.of(EMPTY), DRAWN)
    with journal.path.open("ab") as file:
        file.write(b"0123abcd {")
    again = journals.open(IMAGE)
    assert again.found.torn and again.found.history == history
    history = pushed(again, history, EMPTY)
    assert journals.open(IMAGE).found.history == history
    assert len(list(journal.path.parent.glob("*.jsonl*"))) == 1


def test_what_cannot_be_read_is_kept_beside(journals: Journals) -> None:
    journal = journals.open(IMAGE)
    history = pushed(journal, History.of(EMPTY), DRAWN)
    pushed(journal, history, EMPTY)
    data = bytearray(journal.path.read_bytes())
    data[-30] ^= 1
    journal.path.write_bytes(data)
    again = journals.open(IMAGE)
    assert again.found.history == history and not again.found.torn and "checksum" in again.found.complaint
    newer = pushed(again, history, DRAWN.with_shapes(()))
    assert journals.open(IMAGE).found.history == newer
    assert journal.path.with_name(journal.path.name + ".bad-1").read_bytes() == data


def test_a_full_disk_keeps_the_lines_and_writes_them_later(journals: Journals, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journals.open(IMAGE)
    history = pushed(journal, History.of(EMPTY), DRAWN)
    left = refusing(monkeypatch, errno.ENOSPC, room=25)
    more = pushed(journal, history, EMPTY, "one")
    assert "No space left" in journal.failure
    assert journals.open(IMAGE).found.history == history  # a torn line, which harms nobody
    more = pushed(journal, more, DRAWN, "two")
    assert "No space left" in journal.failure
    left.clear()
    journal.write()
    assert journal.failure == ""
    assert journals.open(IMAGE).found.history == more


def test_a_folder_that_may_not_be_written_to_has_a_spare(
    journals: Journals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = pushed(journals.open(IMAGE), History.of(EMPTY), DRAWN)
    main = journals.open(IMAGE).path
    before, opened = main.read_bytes(), os.open

    def refused(path: Path, *arguments: int) -> int:
        if Path(path) == main:
            raise PermissionError(errno.EROFS, "Read-only file system")
        return opened(path, *arguments)

    monkeypatch.setattr(os, "open", refused)
    journal = journals.open(IMAGE)
    history = pushed(journal, history, EMPTY, "with the spare")
    assert journal.failure == "" and journal.path.is_relative_to(tmp_path / "spare")
    monkeypatch.undo()
    assert main.read_bytes() == before
    assert journals.open(IMAGE).found.history == history
    assert (IMAGE.id, None) in journals.unsaved()


def test_a_project_that_is_gone_is_not_made_anew(journals: Journals, tmp_path: Path) -> None:
    (tmp_path / "study").rmdir()
    journal = journals.open(IMAGE)
    pushed(journal, History.of(EMPTY), DRAWN)
    assert "No such file" in journal.failure or "cannot find" in journal.failure
    assert not (tmp_path / "study").exists()
    (tmp_path / "study").mkdir()
    journal.write()
    assert journal.failure == "" and journals.open(IMAGE).found.lines == 2


def test_another_writer_is_noticed(journals: Journals) -> None:
    history = History.of(EMPTY)
    one, other = journals.open(IMAGE), journals.open(IMAGE)
    history = pushed(one, history, DRAWN)
    for _ in range(2):
        pushed(other, History.of(EMPTY), DRAWN, "the other's")
        assert "another window" in other.failure and one.failure == ""
    assert journals.open(IMAGE).found.history == history


def test_a_journal_of_needless_lines_is_rewritten_with_every_step(journals: Journals) -> None:
    journal = journals.open(IMAGE)
    history = pushed(pushed_twice := journal, pushed(journal, History.of(EMPTY), DRAWN, "one"), EMPTY, "two")
    for _ in range(600):
        journal.move(1)
        journal.move(2)
    assert pushed_twice.path.stat().st_size > 20_000
    assert journals.open(IMAGE).found.lines > 1200  # unsaved: left alone
    journal.save(journal.state_number)
    assert journals.open(IMAGE, compact=False).found.lines > 1200
    again = journals.open(IMAGE)
    assert again.found.history == history and again.found.lines < 6
    history = pushed(again, history, DRAWN, "three")
    assert journals.open(IMAGE).found.history == history


def test_names_of_images_are_told_apart_on_every_system(tmp_path: Path, journals: Journals) -> None:
    names = ["P1/a.png", "p1/A.png", "P1/a:.png", "P1\\a.png", "病人/1.png", "x" * 400, "\ud800"]
    for name in names:
        pushed(journals.open(replace(IMAGE, id=name)), History.of(EMPTY), DRAWN)
    files = [path.name.lower() for path in (tmp_path / "study" / FOLDER).glob("*.jsonl")]
    assert len(set(files)) == len(names) and max(map(len, files)) < 100
    assert all(name.isascii() for name in files)
    assert sorted(image for image, _ in journals.unsaved()) == sorted(names)


def test_content_is_compared_without_what_saving_changes() -> None:
    assert same_content(DRAWN, replace(DRAWN, image_path="../a.png", image_height=None, version="5.4.1"))
    assert not same_content(DRAWN, EMPTY)
    assert not same_content(DRAWN, replace(DRAWN, flags={"x": False}))
    assert not same_content(DRAWN, replace(DRAWN, extra={"aln": {}}))


def test_the_journal_is_synced_with_its_folder(journals: Journals, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journals.open(IMAGE)
    pushed(journal, History.of(EMPTY), DRAWN)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    journal_module.sync(journal.path)
    assert len(synced) == (1 if sys.platform == "win32" else 2)
    journal_module.sync(journal.path.with_name("none"))


Move = tuple[str, int]
_moves = st.lists(
    st.tuples(st.sampled_from(["push", "undo", "redo", "jump", "save", "reopen", "tear"]), st.integers(0, 10**6)),
    max_size=30,
)


@given(_moves)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reopening_changes_nothing(tmp_path_factory: pytest.TempPathFactory, moves: list[Move]) -> None:
    folder = tmp_path_factory.mktemp("study")
    journals = Journals(folder, folder / "spare")
    journal, history = journals.open(IMAGE), History.of(DRAWN)
    for kind, seed in moves:
        after = _after(history, kind, seed)
        if kind == "push" and after is not history:
            journal.push(history.annotation, after.present)
        elif after is not history:
            journal.move(after.at)
        history = after
        if kind == "save":
            journal.save(journal.state_number)
        if kind == "tear" and journal.path.exists():
            with journal.path.open("ab") as file:
                file.write(b"%08x" % seed)
        if kind in ("reopen", "tear"):
            journal = journals.open(IMAGE)
            assert journal.found.history == (history if journal.found.lines else None)
    found = journals.open(IMAGE).found
    assert found.history == (history if found.lines else None)
    if not found.lines:
        assert len(history) == 1


def _after(history: History, kind: str, seed: int) -> History:
    changes: list[Callable[[Annotation, random.Random], Annotation]] = [
        lambda a, r: edit.add_shape(a, OUTLINE.with_points(tuple((r.random(), r.random()) for _ in range(4)))),
        lambda a, r: edit.delete_shapes(a, [0]) if a.shapes else a,
        lambda a, r: edit.relabel(a, range(len(a.shapes)), f"label {r.randrange(3)}"),
        lambda a, r: edit.move_vertex(a, 0, 0, (r.random(), 1.0)) if a.shapes else a,
        lambda a, r: a.with_shapes(a.shapes[::-1]),
        lambda a, r: edit.set_flags(a, {"poor": r.random() < 0.5}),
    ]
    chance = random.Random(seed)
    if kind == "push":
        return history.push(chance.choice(changes)(history.annotation, chance), f"edit {seed}", float(seed))
    if kind == "jump":
        return history.jump(seed % len(history))
    return {"undo": history.undo, "redo": history.redo}.get(kind, lambda: history)()


def test_steps_carry_their_words_and_time(journals: Journals) -> None:
    journal = journals.open(IMAGE)
    journal.push(EMPTY, Step(DRAWN, "Draw polygon", 1234.5))
    found = journals.open(IMAGE).found.history
    assert found is not None and (found.present.what, found.present.when) == ("Draw polygon", 1234.5)
