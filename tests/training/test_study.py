"""The comparison whole at toy size: made in parts, by the real commands, and not done twice."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from aln_desk import cli
from aln_desk.domain.errors import Stopped
from aln_desk.io.importers import new_project
from aln_desk.io.project import Project
from aln_desk.stats.roc import auc
from training import commands
from training.commands import Clock
from training.phantom import simulate
from training.phantom.latents import cohort_sizes
from training.simulated import EXTERNAL, INTERNAL
from training.study import __main__ as command
from training.study.recipes import Contender, Settings, Size
from training.study.work import Bench

TINY: Settings = (
    ("mtl.iterations", "2"),
    ("mtl.validate_every", "2"),
    ("mtl.warmup", "0"),
    ("mtl.batch", "4"),
    ("mil.epochs", "1"),
    ("calibration", "platt"),
    ("error", "0.4"),
)
TOY = Size(
    "toy",
    "A toy.",
    (
        Contender("clinical", "clinical", "clinical", "tiny", (("enter", "1"),)),
        Contender("single-t", "single T", "single T", "tiny", (*TINY, ("tasks", "status"), ("views", "tumour"))),
        Contender("former", "SegFormer + Transformer", "backbone", "tiny", TINY),
        Contender("abmil", "SegFormer + ABMIL", "aggregator", "tiny", (*TINY, ("mil.kind", "abmil")), "former"),
        Contender("max", "SegFormer + maximum", "aggregator", "tiny", (*TINY, ("mil.kind", "max")), "former"),
        Contender("fusion", "SegFormer + clinical", "fusion", "tiny", (("enter", "1"),), "former"),
    ),
)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("thin_network")
def test_the_whole_comparison_in_two_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench, out, done = Bench(tmp_path / "work", "cpu"), tmp_path / "out", []
    out_of_time = ["predict"]

    def in_this_process(clock: Clock, *words: object, **options: object) -> None:
        done.append(str(words[0]))
        if done.count("predict") == 3 and out_of_time:
            raise Stopped(out_of_time.pop())
        assert cli.run([str(word) for word in words]) == 0

    monkeypatch.setattr(commands, "aln_desk", in_this_process)
    simulate(bench.study, 60, 1, size=128, workers=1)
    new_project(bench.study, bench.study).close()

    assert command.compare(bench, TOY, [], out) == 130
    told = capsys.readouterr().out
    assert "Still to be done: former, abmil, max, fusion, results." in told
    assert "NOT COMPLETE" in (out / "study.md").read_text(encoding="utf-8")
    assert done.count("train") == 3 and "evaluate" not in done

    assert command.compare(bench, TOY, [], out) == 0
    assert (done.count("train"), done.count("simulate"), done.count("evaluate")) == (6, 0, 2)
    for name in ("results/results.html", "results/results.pdf", "results/tables/table_s2.csv", "aggregators"):
        assert (out / name).exists(), name
    assert len(list((out / "results" / "figures").glob("figure_[123]*.svg"))) >= 5
    _check_rows(bench, out)
    text = (out / "study.md").read_text(encoding="utf-8")
    assert "NOT COMPLETE" not in text and "| clinical < single T, p < 0.01 | internal test |" in text

    before, done[:] = (out / "study.csv").read_bytes(), []
    assert command.compare(bench, TOY, ["abmil"], out) == 0
    assert not done and (out / "study.csv").read_bytes() == before

    simulate(tmp_path / "larger", 90, 2, size=128, workers=1)
    new_project(tmp_path / "larger", tmp_path / "larger").close()
    other = replace(bench, tests_of=tmp_path / "larger")
    assert command.compare(other, TOY, ["clinical"], tmp_path / "out of others") == 0
    assert "train" not in done and done.count("predict") == 1
    text = (tmp_path / "out of others" / "study.md").read_text(encoding="utf-8")
    counts = cohort_sizes(90)
    assert f"external test {counts[2]}, internal test {counts[1]}, of another simulated study." in text
    assert (out / "study.csv").read_bytes() == before


def _check_rows(bench: Bench, out: Path) -> None:
    """The figures are those of the evaluation and of the truth."""
    rows = {row["name"]: row for row in _rows(out / "study.csv")}
    assert list(rows)[:6] == [one.name for one in TOY.contenders] and len(rows) == 9
    metrics = {(row["model"], row["cohort"]): row for row in _rows(out / "results" / "metrics.csv")}
    for name in ("clinical", "single T", "SegFormer + Transformer", "best possible"):
        for prefix, cohort in (("internal", INTERNAL), ("external", EXTERNAL)):
            assert rows[name][f"{prefix}_auc"] == metrics[rows[name]["model"], cohort]["auc"]
    truth = {row["patient"]: row for row in _rows(bench.study / "truth.csv")}
    with Project.open(bench.tests) as project:
        assert {patient.cohort for patient in project.patients()} == {INTERNAL, EXTERNAL}
        internal = [truth[patient.id] for patient in project.patients(cohorts={INTERNAL})]
    outcome = [int(row["outcome"]) for row in internal]
    for name, column in (
        ("clinical", "best_clinical"),
        ("single T", "best_tumour"),
        ("SegFormer + ABMIL", "best_score"),
    ):
        row = rows[name]
        assert float(row["internal_best"]) == auc(outcome, [float(one[column]) for one in internal])
        assert float(row["internal_ratio"]) == float(row["internal_auc"]) / float(row["internal_best"])
    assert all(row["external_ratio"] for row in rows.values())
    former, abmil, single_t = rows["SegFormer + Transformer"], rows["SegFormer + ABMIL"], rows["single T"]
    for figure in ("internal_dice", "external_type_accuracy"):
        assert former[figure] == abmil[figure] != "" and single_t[figure] == ""
    assert former["nominal"] == "0.6" and 0 <= float(former["internal_coverage"]) <= 1
    assert single_t["internal_p_clinical"] == rows["clinical"]["internal_p_single_t"] != ""
    manifest = json.loads((out / "results" / "manifest.json").read_text(encoding="utf-8"))
    first = manifest["selection"]["scorers"][0]
    assert first in {row["model"] for row in rows.values() if "Transformer" in row["name"]}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
