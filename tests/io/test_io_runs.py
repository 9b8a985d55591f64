from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.messages import Curve, Note, to_line
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


@given(st.dictionaries(st.sampled_from(["preset", "started", "state", "model", "digest", "figures"]), JSON) | JSON)
def test_any_record_gives_a_run(tmp_path_factory: object, record: object) -> None:
    folder = tmp_path_factory.mktemp("runs")  # type: ignore[attr-defined]
    found = runs.read_run(write(folder, "a", record))
    assert found.state in runs.STATES
    assert all(isinstance(figure, float) for figure in found.figures.values())


def test_events_come_back_in_order_and_torn_lines_are_left_out(tmp_path: Path) -> None:
    kept = [Note("Größe"), Curve("mtl", "train", 3, {"loss": 0.5})]
    text = "\n".join(to_line(message) for message in kept) + '\n{"event": "Cur'
    (tmp_path / "events.jsonl").write_text(text, encoding="utf-8")
    assert runs.read_events(tmp_path) == kept
    assert runs.read_events(tmp_path / "absent") == []
