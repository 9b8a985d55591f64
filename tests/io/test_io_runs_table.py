from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain import recipe as recipes
from aln_desk.domain.messages import Curve, Message, Started, to_line
from aln_desk.domain.presets import PRESETS
from aln_desk.io import runs_table
from aln_desk.io.runs import Run
from aln_desk.io.runs_table import COLUMNS, RunRow

EVENTS: list[Message] = [
    Started("a", "", "One fine card", "tiny"),
    Curve("mtl", "train", 10, {"loss": 1.0, "dice": 0.01}),
    Curve("mtl", "validation", 20, {"dice": 0.8, "lesion_accuracy": 0.9, "status_auc": 0.7}),
    Curve("mtl", "validation", 40, {"dice": 0.75, "lesion_accuracy": 1.0, "status_auc": None}),  # type: ignore[dict-item]
    Curve("mil", "validation", 5, {"auc": 0.6, "loss": 0.5}),
]


def made(name: str = "a", **told: Any) -> Run:
    return Run(name, Path("/no/such/folder") / name, "tiny", "2026-03-04T10:00:00+00:00", "stopped", **told)


def words(row: RunRow) -> dict[str, str]:
    return {column.key: runs_table.cell(row, column) for column in COLUMNS}


def test_a_run_that_did_not_finish_shows_its_last_validation() -> None:
    found = words(runs_table.run_row(made(seconds=252.0, stages="all"), EVENTS))
    assert (found["dice"], found["dice_best"], found["lesion_accuracy"]) == ("0.750", "0.800", "1.000")
    assert (found["status_auc"], found["auc"], found["threshold"]) == ("–", "0.600", "–")
    assert (found["device"], found["preset"], found["stages"]) == ("One fine card", "Tiny", "1 and 2")
    assert (found["state"], found["seconds"]) == ("stopped", "4 min 12 s")


def test_figures_of_the_record_come_first() -> None:
    run = made(figures={"dice": 0.81, "auc": 0.9, "threshold": 0.4, "a figure of tomorrow": 1.0})
    found = words(runs_table.run_row(run, EVENTS))
    assert (found["dice"], found["auc"], found["threshold"]) == ("0.810", "0.900", "0.400")


def test_changes_are_told_against_the_preset() -> None:
    recipe = recipes.change(PRESETS["tiny"].recipe, {"size": "96", "mtl.balanced": "yes", "mtl.clip": "0.5"})
    told = runs_table.changes(made(recipe=recipes.to_dict(recipe)))
    assert told == ["Image size (pixels) 96", "Gradient limit 0.5", "Balance patients on"]
    assert runs_table.changes(made(recipe=recipes.to_dict(PRESETS["tiny"].recipe))) == []
    assert runs_table.changes(made(recipe={"mtl": 3})) == []
    assert runs_table.changes(replace(made(recipe={"size": 96}), preset="of another program")) == []


def folds(*values: float | None) -> list[RunRow]:
    runs = [made(f"run-{place}", group="study", fold=str(place)) for place in range(1, len(values) + 1)]
    figures = [{} if value is None else {"auc": value} for value in values]
    return [runs_table.run_row(replace(run, figures=found), []) for run, found in zip(runs, figures, strict=True)]


def test_folds_stand_below_their_mean() -> None:
    alone = runs_table.run_row(made("alone"), [])
    first, second, third = folds(0.7, 0.8, 0.9)
    table = runs_table.grouped([first, alone, second, third])
    assert table[1:] == [first, second, third, alone]
    assert words(table[0])["auc"] == "0.800 ± 0.100"
    assert words(table[0])["name"] == "Mean of 3 folds, study"
    assert words(table[0])["state"] == "0 of 3 finished"
    assert words(table[0])["preset"] == "Tiny"
    assert words(first)["name"] == "fold 1, run-1"


def test_one_fold_is_no_group_and_one_value_has_no_spread() -> None:
    (single,) = folds(0.7)
    assert runs_table.grouped([single]) == [single]
    table = runs_table.grouped(folds(0.7, None))
    assert words(table[0])["auc"] == "0.700"


def test_the_csv_keeps_numbers_as_numbers() -> None:
    table = runs_table.grouped(folds(0.7, 0.8, 1 / 3))
    lines = list(csv.DictReader(io.StringIO(runs_table.to_csv(table))))
    assert [line["row"] for line in lines] == ["mean", "sd", "run", "run", "run"]
    assert [float(line["auc"]) for line in lines] == pytest.approx([0.6111111, 0.2457038, 0.7, 0.8, 1 / 3], rel=1e-5)
    assert lines[0]["dice"] == ""
    assert runs_table.to_csv([]).count("\n") == 1


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_survives_the_csv(name: str) -> None:
    text = runs_table.to_csv([RunRow({"name": name, "auc": 0.5}, made())])
    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (line["name"], line["auc"]) == (name.replace("\r", " "), "0.5")


def test_the_text_table_is_in_columns() -> None:
    heading, *lines = runs_table.to_text(runs_table.grouped(folds(0.7, 0.8))).splitlines()
    place = heading.index("Patient AUC")
    assert [line[place : place + 5] for line in lines] == ["0.750", "0.700", "0.800"]


def test_rows_are_read_from_the_runs(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "events.jsonl").write_text("\n".join(map(to_line, EVENTS)) + "\n", encoding="utf-8")
    (row,) = runs_table.read_rows([replace(made(), folder=tmp_path / "a")])
    assert words(row)["dice_best"] == "0.800"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599.7, "1 h 00 min"), (9000, "2 h 30 min")],
)
def test_durations_are_told_in_words(seconds: float, text: str) -> None:
    assert runs_table.lasting(seconds) == text
