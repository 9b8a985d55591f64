"""The shortcut study: whole at toy size, and its parts where the answer is known."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from aln_desk import cli
from aln_desk.domain.patient import Patient
from aln_desk.io.importers import new_project
from aln_desk.io.project import Project
from aln_desk.io.runs import read_runs
from aln_desk.stats.bootstrap import Estimate
from training import commands
from training.commands import Clock
from training.phantom import simulate
from training.phantom.latents import Shortcut
from training.shortcut import __main__ as command
from training.shortcut.reading import Share, StudyReading, common, marks_of
from training.shortcut.table import MIL, SINGLE_T, STAGE_ONE, Row, Taught, rows_of, to_csv, to_markdown
from training.simulated import EXTERNAL, INTERNAL
from training.study.recipes import SIZES, Contender, Size

NOWHERE = Share(Estimate(math.nan, math.nan, math.nan), math.nan)
PATIENTS = tuple(
    Patient(f"{cohort[0]}{number}", cohort, number % 2) for cohort in (INTERNAL, EXTERNAL) for number in range(8)
)
RIGHT = {p.id: float(p.outcome or 0) + 0.01 * n for n, p in enumerate(PATIENTS)}
BLIND = {p.id: 0.1 * (n % 5) for n, p in enumerate(PATIENTS)}


def reading(verdict: dict[str, float], stage_one: dict[str, float], on_mark: Share = NOWHERE) -> StudyReading:
    in_lesion = Share(Estimate(0.5, 0.4, 0.6), 0.1)
    return StudyReading(PATIENTS, verdict, stage_one, 0.97, on_mark, in_lesion)


def readings() -> dict[tuple[Taught, Shortcut], StudyReading]:
    on_mark = Share(Estimate(0.8, 0.7, 0.9), 0.02)
    return {
        (Taught("none", MIL, False), "none"): reading(RIGHT, RIGHT),
        (Taught("none", MIL, False), "text"): reading(RIGHT, RIGHT, Share(Estimate(0.03, 0.01, 0.05), 0.02)),
        (Taught("text", MIL, False), "text"): reading(BLIND, RIGHT, on_mark),
    }


def test_a_fall_is_measured_against_the_twin_that_reads_the_same_images() -> None:
    rows = list(rows_of(readings()))
    pairs = [("none", "none"), ("none", "text"), ("text", "text")]
    expected = [(*pair, reader) for pair in pairs for reader in (MIL, STAGE_ONE)]
    assert [(row.taught, row.read, row.reader) for row in rows] == expected
    verdict, stage_one = rows[-2:]
    assert verdict.fall == pytest.approx(verdict.external - rows[2].external) and verdict.fall < -0.2
    assert verdict.fall_low < verdict.fall < verdict.fall_high
    assert stage_one.fall == 0.0
    assert all(math.isnan(row.fall) for row in rows[:4])
    assert math.isnan(stage_one.held_out) and verdict.held_out == 0.97


def test_single_t_has_one_row() -> None:
    (row,) = rows_of({(Taught("none", SINGLE_T, True), "none"): reading(RIGHT, RIGHT)})
    assert (row.reader, row.blanked, row.external) == (SINGLE_T, True, 1.0)


def test_the_tables_say_what_was_measured_and_leave_empty_what_was_not() -> None:
    rows = list(rows_of(readings()))
    (first, *_, last) = csv.DictReader(to_csv(rows).splitlines())
    assert list(first) == list(Row.__dataclass_fields__)
    assert (first["fall"], first["on_mark"], first["in_lesion"]) == ("", "", "0.5")
    assert (last["on_mark"], last["mark_area"]) == ("0.8", "0.02")
    table = to_markdown(rows, "About.")
    assert table.startswith("About. ")
    assert len({line.count("|") for line in table.splitlines() if line.startswith("|")}) == 1
    assert "| 0.800 (0.700 to 0.900) (0.020) | 0.500 (0.400 to 0.600) (0.100) |" in table


def test_patients_without_a_verdict_are_not_compared() -> None:
    found = reading({"i0": 0.5, "i1": 0.7}, {})
    assert found.outcomes(INTERNAL) == {"i0": 0, "i1": 1}
    assert common({"a": 0, "b": 1, "c": 1}, {"a": 0.1, "c": 0.3}, {"c": 0.4, "a": 0.2, "b": 9.0}) == (
        [0, 1],
        [[0.1, 0.3], [0.2, 0.4]],
    )


def test_marks_are_the_shortcuts_own_boxes(tmp_path: Path) -> None:
    rows = ["P1/T1.png,mark,1,2,3,4", "P1/T1.png,words,0,0,9,9", "P1/T1.png,mark,5,6,9,8", "P2/T1.png,ticks,0,0,1,1"]
    lines = ["file,kind,x0,y0,x1,y1", *(f"images/{row}" for row in rows)]
    (tmp_path / "furniture.csv").write_text("\n".join(lines))
    path = str(tmp_path.resolve() / "images/P1/T1.png")
    assert marks_of(tmp_path) == {path: {(1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 9.0, 8.0)}}


@pytest.mark.slow
@pytest.mark.usefixtures("thin_network")
def test_the_whole_study_at_toy_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work, out, done = tmp_path / "work", tmp_path / "out", []

    def in_this_process(clock: Clock, *words: object, **options: object) -> None:
        done.append(words[0])
        assert cli.run([str(word) for word in words]) == 0

    monkeypatch.setattr(commands, "aln_desk", in_this_process)
    kinds: tuple[Shortcut, ...] = ("none", "text")
    for kind in kinds:
        simulate(work / kind, 60, 1, shortcut=kind, size=128, workers=1)
        new_project(work / kind, work / kind).close()
    fast = (("mtl.validate_every", "2"), ("mtl.warmup", "0"), ("mil.epochs", "1"), ("mtl.batch", "4"))
    toy = (
        Contender("single-t", "single T", "single T", "tiny", (*fast, ("tasks", "status"), ("views", "tumour"))),
        Contender("former", "SegFormer + Transformer", "backbone", "tiny", (*fast, ("clean", "true"))),
        Contender("max", "SegFormer + maximum", "aggregator", "tiny", (("mil.kind", "max"),), "former"),
    )
    monkeypatch.setitem(SIZES, "toy", Size("toy", "A toy.", toy))
    asked = ["--work", work, "--out", out, "--marks", "text", "--size", "toy", "--set", "mtl.iterations=2"]
    words = [str(word) for word in asked]
    assert command.main([*words, "--device", "cpu"]) == 0
    assert done.count("train") == 8 and done.count("simulate") == 0
    with (out / "shortcut.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    readings_by_each = {"none": 2, "text": 1}
    assert len(rows) == sum(readings_by_each.values()) * (2 + 4)
    assert all(0 <= float(row["external"]) <= 1 and 0 < float(row["lesion_area"]) < 1 for row in rows)
    assert all((row["fall"] != "") == (row["taught"] == "text") for row in rows)
    assert all((row["mark_area"] != "") == (row["read"] == "text") for row in rows)
    assert (out / "shortcut.md").read_text(encoding="utf-8") in capsys.readouterr().out
    with Project.open(work / "text") as project:
        recipes = {run.label: run.recipe for run in read_runs(project.runs)}
    assert recipes["shortcut: MIL, blanked"]["clean"] and not recipes["shortcut: MIL"]["clean"]
    assert all(recipe["mtl"]["iterations"] == 2 for recipe in recipes.values())
    assert recipes["shortcut: single T, blanked"]["clean"] and recipes["shortcut: single T"]["tasks"] == "status"
    before = (out / "shortcut.csv").read_bytes()
    done.clear()
    assert command.main([*words, "--device", "cpu"]) == 0
    assert "train" not in done and (out / "shortcut.csv").read_bytes() == before


def test_evidence_on_a_mark_is_what_lies_in_its_box() -> None:
    """A map whose positive half lies on the mark, of an image that is half as wide as its square."""
    from training.explanation.curves import content_box
    from training.explanation.images import point

    evidence = np.zeros((8, 8), np.float32)
    evidence[1:3, 3:5] = 1.0
    mark = np.zeros((64, 64), bool)
    mark[:, 32:] = True
    box = content_box(64, np.array([64.0, 32.0]))
    assert point(evidence, mark, box).energy == pytest.approx(0.5)
