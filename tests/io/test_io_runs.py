from __future__ import annotations

import json
import os
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.errors import BadFile, BadProject
from aln_desk.domain.messages import Curve, Message, Note, Progress, to_line
from aln_desk.io import runs

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def write(folder: Path, name: str, record: object) -> Path:
    run = folder / name
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return run


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    write(tmp_path, "b", {"started": "2026-03-02", "state": "finished", "figures": {"auc": 0.8, "dice": None}})
    write(tmp_path, "a", {"started": "2026-03-04", "state": "running", "preset": "small"})
    (tmp_path / "no run").mkdir()
    first, second = runs.read_runs(tmp_path)
    assert (first.name, first.state, first.preset) == ("a", "running", "small")
    assert (second.name, second.figures) == ("b", {"auc": 0.8})


def test_a_folder_that_does_not_exist_has_no_runs(tmp_path: Path) -> None:
    assert runs.read_runs(tmp_path / "absent") == []


def test_a_damaged_record_is_a_failed_run(tmp_path: Path) -> None:
    run = write(tmp_path, "a", {})
    (run / "run.json").write_text("{", encoding="utf-8")
    assert [(found.name, found.state) for found in runs.read_runs(tmp_path)] == [("a", "failed")]


KEYS = ("preset", "started", "state", "model", "digest", "figures", "recipe", "label", "fold", "group", "seconds")


@given(st.dictionaries(st.sampled_from(KEYS), JSON | st.just(10**400)) | JSON)
def test_any_record_gives_a_run(tmp_path_factory: pytest.TempPathFactory, record: object) -> None:
    found = runs.read_run(write(tmp_path_factory.mktemp("runs"), "a", record))
    assert found.state in runs.STATES
    assert all(isinstance(figure, float) for figure in found.figures.values())
    assert isinstance(found.recipe, dict) and isinstance(found.fold, str)
    assert found.seconds is None or isinstance(found.seconds, float)


def test_all_that_a_record_tells(tmp_path: Path) -> None:
    told = {"stages": "all", "recipe": {"size": 64}, "device": "cpu", "label": "Größe", "seconds": 61}
    run = runs.read_run(write(tmp_path, "a", {**told, "fold": 2, "group": "g"}))
    assert (run.stages, run.recipe, run.device, run.label) == ("all", {"size": 64}, "cpu", "Größe")
    assert (run.seconds, run.fold, run.group) == (61.0, "2", "g")


def hold(folder: Path) -> sqlite3.Connection:
    """What a training does with its run."""
    lock = sqlite3.connect(folder / "lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    return lock


def test_a_run_is_held_while_a_process_works_on_it(tmp_path: Path) -> None:
    folder = write(tmp_path, "run 1 %41", {"state": "running"})
    assert not runs.held(folder)
    lock = hold(folder)
    assert runs.held(folder)
    assert runs.held(folder)
    assert runs.state_of(runs.read_run(folder)) == "running"
    lock.close()
    assert runs.state_of(runs.read_run(folder)) == "interrupted"
    assert not runs.held(folder)
    hold(folder).close()  # asking keeps nobody out


def test_a_damaged_lock_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("no database, but long enough to be looked at as one " * 30)
    assert not runs.held(tmp_path)


def test_a_run_is_renamed_and_keeps_all_else(tmp_path: Path) -> None:
    folder = write(tmp_path, "a", {"state": "stopped", "a key of tomorrow": [1]})
    runs.rename(runs.read_run(folder), "  with \n nodes ")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record == {"state": "stopped", "a key of tomorrow": [1], "label": "with nodes"}
    assert runs.read_run(folder).label == "with nodes"


def test_what_cannot_be_read_is_not_renamed(tmp_path: Path) -> None:
    folder = write(tmp_path, "a", {})
    (folder / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadFile, match="keeps its name"):
        runs.rename(runs.read_run(folder), "b")
    assert (folder / "run.json").read_text(encoding="utf-8") == "{"


def test_a_deleted_run_lies_in_the_trash(tmp_path: Path) -> None:
    for _ in range(2):
        run = runs.read_run(write(tmp_path, "a", {"state": "stopped"}))
        assert (runs.discard(run) / "run.json").is_file()
    assert [path.name for path in sorted((tmp_path / ".trash").iterdir())] == ["a", "a-2"]
    assert runs.read_runs(tmp_path) == []


def test_the_trash_is_emptied_of_what_lay_there_long(tmp_path: Path) -> None:
    old, new = (runs.discard(runs.read_run(write(tmp_path, name, {"state": "stopped"}))) for name in "ab")
    unmarked = tmp_path / ".trash" / "c"
    unmarked.mkdir()
    long_ago = time.time() - 31 * 86_400
    os.utime(old / "deleted", (long_ago, long_ago))
    os.utime(new, (long_ago, long_ago))
    assert runs.empty_trash(tmp_path) == [old]
    assert not old.exists() and new.exists() and (unmarked / "deleted").exists()
    assert runs.empty_trash(tmp_path, time.time() + 31 * 86_400) == [new, unmarked]
    assert runs.empty_trash(tmp_path / "none") == []


def test_a_run_under_way_is_left_alone(tmp_path: Path) -> None:
    run = runs.read_run(write(tmp_path, "a", {"state": "running"}))
    lock = hold(run.folder)
    with pytest.raises(BadProject, match="under way"):
        runs.rename(run, "b")
    with pytest.raises(BadProject, match="under way"):
        runs.discard(run)
    lock.close()
    assert runs.read_runs(tmp_path) == [run]


@pytest.mark.parametrize("text", ["", "{", to_line(Note("a"))], ids=["empty", "torn", "a note"])
def test_what_is_no_progress_is_none(tmp_path: Path, text: str) -> None:
    assert runs.read_progress(tmp_path) is None
    (tmp_path / "progress.json").write_text(text, encoding="utf-8")
    assert runs.read_progress(tmp_path) is None


def test_progress_is_the_last_one_told(tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text(to_line(Progress("mtl", 3, 60, 12.5)) + "\n", encoding="utf-8")
    assert runs.read_progress(tmp_path) == Progress("mtl", 3, 60, 12.5)


def test_events_come_back_in_order_and_torn_lines_are_left_out(tmp_path: Path) -> None:
    kept: list[Message] = [Note("Größe"), Curve("mtl", "train", 3, {"loss": 0.5})]
    text = "\n".join(to_line(message) for message in kept) + '\n{"event": "Cur'
    (tmp_path / "events.jsonl").write_text(text, encoding="utf-8")
    assert runs.read_events(tmp_path) == kept
    assert runs.read_events(tmp_path / "absent") == []


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4), st.data())
def test_a_tail_gives_every_message_once_however_they_are_written(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("run")
    written = "".join(to_line(Note(text)) + "\n" for text in texts).encode()
    tail, found = runs.EventTail(folder), []
    assert tail.read() == []
    while written:
        count = data.draw(st.integers(1, len(written)))
        with (folder / "events.jsonl").open("ab") as file:
            file.write(written[:count])
        written = written[count:]
        found += tail.read()
    assert found == [Note(text) for text in texts]


def test_a_shorter_file_is_read_anew(tmp_path: Path) -> None:
    path, tail = tmp_path / "events.jsonl", runs.EventTail(tmp_path)
    path.write_text(to_line(Note("a long one that goes away")) + "\n", encoding="utf-8")
    tail.read()
    path.write_text(to_line(Note("b")) + "\n", encoding="utf-8")
    assert tail.read() == [Note("b")]


@given(st.binary(max_size=80))
def test_any_bytes_are_events_or_nothing(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("run")
    (folder / "events.jsonl").write_bytes(content + b"\n" + to_line(Note("last")).encode() + b"\n")
    assert runs.read_events(folder)[-1] == Note("last")
