"""A run's own folder: what it keeps, who holds it, how it is asked to stop."""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path

import pytest

from aln_desk.domain.errors import BadProject, BadSetting
from aln_desk.domain.messages import Curve, Message, Note, Progress, from_line
from aln_desk.io.runs import read_events, read_progress, read_run, state_of
from training import record
from training.record import RunFolder, RunRecord, find_record, now


def made(runs: Path, preset: str = "tiny") -> RunFolder:
    return RunFolder.create(runs, RunRecord("", preset, "all", now(), {}, ["training"]))


def test_two_runs_of_one_second_have_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [made(tmp_path).record.run for _ in range(3)]
    assert len(set(names)) == 3
    assert all(name.split("-")[2] == "tiny" for name in names)


def test_every_message_is_kept_and_passed_on(tmp_path: Path) -> None:
    told: list[Message] = []
    messages: list[Message] = [
        Note("Grüße"),
        Curve("mtl", "train", 2, {"loss": 0.5, "mask": 0.25}),
        Curve("mtl", "validation", 2, {"dice": float("nan")}),
    ]
    run = made(tmp_path)
    tell = run.recorder(told.append)
    for message in messages:
        tell(message)
    assert told == messages
    assert read_events(run.folder)[:2] == messages[:2]


def test_every_figure_is_a_row_of_the_log(tmp_path: Path) -> None:
    run = made(tmp_path)
    run.recorder(lambda message: None)(Curve("mtl", "train", 2, {"loss": 0.1 + 0.2, "mask": 0.25}))
    # A resumed run has another recorder and adds to the same file.
    run.recorder(lambda message: None)(Curve("mil", "validation", 7, {"auc": float("nan")}))
    with (run.folder / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["stage", "part", "step", "name", "value"]
    assert [tuple(row.values()) for row in rows] == [
        ("mtl", "train", "2", "loss", "0.30000000000000004"),
        ("mtl", "train", "2", "mask", "0.25"),
        ("mil", "validation", "7", "auc", "nan"),
    ]


def test_progress_is_kept_as_it_last_was_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(record.time, "monotonic", lambda: clock[0])
    run, told = made(tmp_path), list[Message]()
    tell, seen = run.recorder(told.append), list[int]()
    for done, clock[0] in ((1, 100.0), (2, 100.5), (3, 101.0), (5, 101.2)):
        tell(Progress("mtl", done, 5, 1.0))
        kept = read_progress(run.folder)
        assert kept is not None
        seen.append(kept.done)
    monkeypatch.undo()
    assert seen == [1, 1, 3, 5]  # the last one is kept whenever it comes
    assert len(told) == 4
    assert not (run.folder / "events.jsonl").exists()
    assert from_line((run.folder / "progress.json").read_text()) == told[-1]


def test_a_change_is_on_disk_at_once(tmp_path: Path) -> None:
    run = made(tmp_path)
    run.change(state="stopped", figures={"auc": float("nan"), "dice": 0.5})
    kept = json.loads((run.folder / "run.json").read_text())
    assert kept["figures"] == {"auc": None, "dice": 0.5}
    assert find_record(tmp_path, run.record.run).state == "stopped"


def test_the_latest_unfinished_run_is_the_one_to_resume(tmp_path: Path) -> None:
    for name, state in (("a", "stopped"), ("b", "running"), ("c", "finished")):
        folder = tmp_path / name
        folder.mkdir()
        RunFolder(folder, RunRecord(name, "tiny", "all", now(), {}, [], state="x")).change(state=state)
    (tmp_path / ".trash").mkdir()
    assert RunFolder.find(tmp_path, "").record.run == "b"
    assert RunFolder.find(tmp_path, "c").record.run == "c"
    with pytest.raises(BadProject, match="no run d to resume"):
        RunFolder.find(tmp_path, "d")
    with pytest.raises(BadProject, match="no run 'd'"):
        find_record(tmp_path, "d")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": "x"}', '{"unheard": 1}'])
def test_a_damaged_record_is_a_sentence(tmp_path: Path, text: str) -> None:
    run = made(tmp_path)
    (run.folder / "run.json").write_text(text)
    with pytest.raises(BadSetting, match="cannot be read"):
        RunFolder.find(tmp_path, run.record.run)


def test_a_run_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    run = made(tmp_path)
    with run:
        assert state_of(read_run(run.folder)) == "running"
        with pytest.raises(BadProject, match="under way in another process"), RunFolder(run.folder, run.record):
            pass
    assert state_of(read_run(run.folder)) == "interrupted"  # nobody said how it ended
    with RunFolder(run.folder, run.record):
        pass


def test_who_waits_goes_on_from_the_last_word_of_the_one_before(tmp_path: Path) -> None:
    run, held, release = made(tmp_path), threading.Event(), threading.Event()
    run.change(data_digest="old")

    def hold() -> None:
        with RunFolder(run.folder, run.record) as first:
            held.set()
            release.wait(timeout=60)
            first.change(data_digest="new", state="stopped")

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(timeout=60)
    waiting = RunFolder(run.folder, run.record)
    waiting.patience = 60.0
    timer = threading.Timer(1.5, release.set)  # longer than a run waits that was not asked to
    timer.start()
    with waiting:
        assert release.is_set()
        assert (waiting.record.data_digest, waiting.record.state) == ("new", "running")
    holder.join()


def test_the_seconds_of_all_processes_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 10.0, 14.0, 100.0, 200.0, 203.5])
    monkeypatch.setattr(record.time, "monotonic", lambda: next(clock))
    run = made(tmp_path)
    with run:
        pass
    with RunFolder(run.folder, run.record) as again:
        pass
    assert again.record.seconds == 7.5


def test_a_file_asks_it_to_stop_and_an_old_one_is_forgotten(tmp_path: Path) -> None:
    run = made(tmp_path)
    (run.folder / "stop").touch()
    with run:
        assert not run.stop_asked
        (run.folder / "stop").touch()
        assert run.stop_asked


def test_a_finished_run_that_is_looked_at_stays_finished(tmp_path: Path) -> None:
    run = made(tmp_path)
    run.change(state="finished")
    with RunFolder.find(tmp_path, run.record.run):
        assert read_run(run.folder).state == "finished"
    assert read_run(run.folder).state == "finished"
