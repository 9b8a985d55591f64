"""`export` and `import-outlines` as scripts use them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import outlined_project as made
import pytest

from aln_desk import cli, cli_formats
from aln_desk.domain.errors import AlnError, Stopped
from aln_desk.io.formats import export, importing
from aln_desk.io.formats.registry import FORMATS


def call(*words: object) -> int:
    return cli.run([str(word) for word in words])


def test_the_formats_offered_are_those_there_are() -> None:
    command = argparse.ArgumentParser()
    cli_formats.add_export(command)
    offered = next(action.choices for action in command._actions if action.dest == "format")
    assert list(offered or ()) == list(FORMATS)


def test_out_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, bare = made.make(tmp_path / "from"), made.make(tmp_path / "to", drawn=False)
    out = tmp_path / "out"
    assert call("export", project, "--format", "coco", "--source", "drawn", "--out", out, "--with-images") == 0
    assert "outlines of 4 images were written" in capsys.readouterr().out
    assert call("import-outlines", bare, out) == 0
    told = capsys.readouterr()
    assert "8 outlines for 4 images imported; nothing refused." in told.out
    assert made.shapes(bare) == made.shapes(project)
    assert call("import-outlines", bare, out, "--replace") == 0
    assert "0 outlines for 0 images imported; 3 images had them already" in capsys.readouterr().out


def test_what_is_lost_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = made.make(tmp_path)
    words = ["--format", "yolo-seg", "--source", "drawn", "--out", tmp_path / "out", "--cohorts", "training"]
    assert call("export", project, *words) == 0
    told = capsys.readouterr().out
    assert "1 outline could not be held by this format and was left out" in told
    assert {path.name for path in (tmp_path / "out" / "labels").rglob("*.txt")} == {"T1.txt", "L1.txt"}


def test_refused_records_are_sentences_and_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = made.make(tmp_path)
    picture = {"id": 1, "file_name": "B/T3.png"}
    square = {"image_id": 1, "category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 9]]}
    record = {
        "images": [picture, {"id": 2, "file_name": "A/T1.png"}],
        "categories": [{"id": 1, "name": "tumor"}],
        "annotations": [square, {**square, "segmentation": [[1, 2]]}, {**square, "image_id": 2}],
    }
    (tmp_path / "x.json").write_text(json.dumps(record))
    assert call("import-outlines", project, tmp_path / "x.json") == 1
    told = capsys.readouterr()
    assert "1 outline for 1 image imported; 2 refused." in told.out
    annotation, kept = (line for line in told.err.splitlines() if "x.json" in line)
    assert "annotation 2: a polygon is not a list" in annotation
    assert "A/T1.png has outlines already, which were kept" in kept
    before = made.shapes(project)["A/T1.png"]
    call("import-outlines", project, tmp_path / "x.json", "--add")
    assert made.shapes(project)["A/T1.png"][:-1] == before
    call("import-outlines", project, tmp_path / "x.json", "--replace")
    locked, fresh = made.shapes(project)["A/T1.png"]
    assert locked == made.RECTANGLE
    assert fresh.points == ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0))


def test_an_image_that_cannot_be_written_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, bare = made.make(tmp_path / "from"), made.make(tmp_path / "to", drawn=False)
    call("export", project, "--format", "labelme", "--source", "drawn", "--out", tmp_path / "out")
    original = importing.save_annotation

    def save(instance: object, annotation: object) -> None:
        if instance.id == "A/T1.png":  # type: ignore[attr-defined]
            raise AlnError("The disk is full.")
        original(instance, annotation)  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "save_annotation", save)
    assert call("import-outlines", bare, tmp_path / "out") == 1
    told = capsys.readouterr()
    assert "The disk is full." in told.err
    assert "for 3 images imported; 1 refused" in told.out


def test_stopped_commands_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = made.make(tmp_path)

    def stop(*_given: object) -> None:
        raise Stopped("Stopped.")

    monkeypatch.setattr(export, "export_outlines", stop)
    monkeypatch.setattr(importing, "plan", stop)
    out = tmp_path / "out"
    assert call("export", project, "--format", "voc", "--source", "drawn", "--out", out) == 130
    assert call("import-outlines", project, project) == 130


def test_add_and_replace_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        call("import-outlines", tmp_path, tmp_path, "--add", "--replace")


def test_events_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = made.make(tmp_path)
    out = tmp_path / "out"
    assert call("export", project, "--format", "masks", "--source", "drawn", "--out", out, "--events") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in told] == ["Progress"] * 5 + ["Finished"]
