"""What an evaluation writes for other programs."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadFile
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.shape import Shape
from aln_desk.domain.verdict import InstancePrediction, Placement, decide
from aln_desk.evaluation import csv_files
from aln_desk.evaluation.gather import gather
from aln_desk.evaluation.results import Results, work_out
from aln_desk.evaluation.selection import Filter, Selection
from aln_desk.evaluation.study import Study
from aln_desk.io import images, labelme_json, predictions
from aln_desk.io.predictions import VerdictRow
from aln_desk.io.project import Project
from aln_desk.io.scores import import_scores

MODEL = "a1b2c3d4e5f6"
OUTCOME = {"P1": 1, "P2": 1, "P3": 0, "P4": 1, "P5": 0, "P6": None}
SCORE = {"P1": 0.9, "P2": 0.6, "P3": 0.55, "P4": 0.4, "P5": 0.2, "P6": 0.1, "P7": 0.7}
SIDE = 16


def patient(folder: Path, name: str) -> Patient:
    """A patient of the internal test with one image; P7 is the only one of another hospital."""
    image = folder / "images" / f"{name}.png"
    image.parent.mkdir(exist_ok=True)
    images.write_png(image, np.zeros((SIDE, SIDE, 3), np.uint8))
    instance = Instance(f"{name}/{image.name}", name, View.TUMOUR, str(image), str(image.with_suffix(".json")))
    cohort = "south <B>" if name == "P7" else "internal test"
    return Patient(name, cohort, OUTCOME.get(name, 1), bag=(instance,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of seven patients, P6 of unknown outcome."""
    root = tmp_path / "study"
    with Project.create(root) as project:
        project.add_cohort(Cohort("training", Role.TRAIN))
        project.add_cohort(Cohort("internal test", Role.INTERNAL_TEST))
        project.add_cohort(Cohort("south <B>", Role.EXTERNAL_TEST))
        project.add_many([patient(root, name) for name in SCORE])
    return root


def verdict(name: str, score: float, outcome: int | None = 0) -> VerdictRow:
    """A verdict as `predict` wrote it: with outcome and cohort of that time, both out of date by now."""
    return VerdictRow(
        patient=name,
        cohort="training",
        outcome=outcome,
        score=score,
        threshold=0.5,
        decision=decide(score, 0.5),
        n_tumour=1,
        n_node=0,
        model=MODEL,
    )


def write_verdicts(folder: Path, scores: dict[str, float]) -> None:
    with Project.open(folder) as project:
        rows = [verdict(name, score) for name, score in scores.items()]
        predictions.write_verdicts(project.predictions / "verdicts.csv", rows)


def evaluate(folder: Path, out: Path, *filters: Filter) -> Results:
    """Everyone's scores on every cohort with outcomes."""
    with Project.open(folder) as project:
        found = gather(project)
        cohorts = tuple(cohort.name for cohort in found.cohorts_with_outcomes())
        selection = Selection(tuple(one.key for one in found.scorers), cohorts, filters)
        results = work_out(selection, found.scorers, found.cohorts, found.patients)
        csv_files.write(Study(project, results), out)
    return results


def draw(folder: Path, name: str, right: int) -> None:
    """An outline on the whole height of the image, from the left border to x = ``right``."""
    corners = ((0.0, 0.0), (float(right), 0.0), (float(right), float(SIDE)), (0.0, float(SIDE)))
    shape = Shape("tumor", corners)
    labelme_json.write(
        folder / "images" / f"{name}.json", Annotation(f"{name}.png", SIDE, SIDE, (shape,), version="5.5.0")
    )


def write_masks(folder: Path, names: list[str], model: str = MODEL) -> None:
    """Predictions whose mask is the left half of the image."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, : SIDE // 2] = True
    parts = []
    with Project.open(folder) as project:
        for name in names:
            parts.append(predictions.part_path(project.predictions, name))
            found = InstancePrediction(
                instance=f"{name}/{name}.png",
                mask=mask,
                cam=np.zeros((2, 2), np.float32),
                placement=Placement(SIDE, 1.0, 1.0, 0.0, 0.0),
                lesion_logit=-1.0,
                status_logit=0.0,
                token=np.zeros(256, np.float32),
            )
            predictions.write_bag(parts[-1], model, [found], {found.instance: 1.0})
        predictions.merge(parts, project.predictions / "instances.h5", model)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_metrics_use_the_outcomes_and_cohorts_of_today(folder: Path, tmp_path: Path) -> None:
    write_verdicts(folder, SCORE)
    parts = list(evaluate(folder, tmp_path / "out" / "deeper").parts.values())
    assert [(part.cohort, len(part.patients), part.positive) for part in parts] == [
        ("internal test", 5, 3),
        ("south <B>", 1, 1),
    ]
    assert parts[0].auc == pytest.approx(5 / 6)
    at = parts[0].operating
    assert at is not None
    assert (at.accuracy.value, at.sensitivity.value, at.specificity.value) == pytest.approx((3 / 5, 2 / 3, 1 / 2))
    assert math.isnan(parts[1].auc)


def test_metrics_file(folder: Path, tmp_path: Path) -> None:
    write_verdicts(folder, SCORE)
    results = evaluate(folder, tmp_path / "out")
    header = (tmp_path / "out" / "metrics.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == (
        "model,cohort,n,positive,auc,auc_low,auc_high,accuracy,sensitivity,specificity,ppv,npv,f1,threshold,uncertain"
    )
    internal, external = read(tmp_path / "out" / "metrics.csv")
    assert (internal["model"], internal["n"], internal["threshold"], internal["uncertain"]) == (MODEL, "5", "0.5", "0")
    assert float(internal["auc_low"]) == results.parts[MODEL, "internal test"].low
    assert (external["auc"], external["auc_low"], external["specificity"], external["sensitivity"]) == (
        "",
        "",
        "",
        "1.0",
    )


def test_roc_file_holds_every_point(folder: Path, tmp_path: Path) -> None:
    write_verdicts(folder, SCORE)
    evaluate(folder, tmp_path)
    points = read(tmp_path / "roc.csv")
    assert {(point["model"], point["cohort"]) for point in points} == {(MODEL, "internal test")}
    assert [point["threshold"] for point in points] == ["inf", "0.9", "0.6", "0.55", "0.4", "0.2"]
    assert [point["false_positive_rate"] for point in points] == ["0.0", "0.0", "0.0", "0.5", "0.5", "1.0"]
    assert float(points[1]["sensitivity"]) == pytest.approx(1 / 3)


def test_several_scorers_have_a_row_each(folder: Path, tmp_path: Path) -> None:
    write_verdicts(folder, SCORE)
    (tmp_path / "other.csv").write_text("patient,score\n" + "".join(f"{name},3.5\n" for name in OUTCOME))
    with Project.open(folder) as project:
        import_scores(project, tmp_path / "other.csv", "Radiomics")
    evaluate(folder, tmp_path)
    metrics = read(tmp_path / "metrics.csv")
    assert [(row["model"], row["cohort"]) for row in metrics] == [
        (MODEL, "internal test"),
        (MODEL, "south <B>"),
        ("import:Radiomics", "internal test"),
        ("import:Radiomics", "south <B>"),
    ]
    imported = metrics[2]
    assert (imported["auc"], imported["n"], imported["threshold"], imported["f1"]) == ("0.5", "5", "", "")
    assert (imported["auc_low"], imported["auc_high"]) == ("0.5", "0.5")
    assert {point["model"] for point in read(tmp_path / "roc.csv")} == {MODEL, "import:Radiomics"}


def test_patients_that_left_and_patients_not_read_are_told(folder: Path, tmp_path: Path) -> None:
    write_verdicts(folder, {"P1": 0.9, "P3": 0.2, "P6": 0.5, "gone": 0.4, "lost": 0.4})
    results = evaluate(folder, tmp_path)
    first, other = results.parts.values()
    assert (len(first.patients), first.auc, len(other.patients)) == (2, 1.0, 0)
    gone, unread, narrow, elsewhere = results.problems
    assert "2 patients (gone, lost) not in this project" in gone
    assert "3 patients (P2, P4, P5) without a score" in unread and "read the project again" in unread
    assert "one positive patient only" in narrow
    assert "south <B>: 1 patient (P7) without a score" in elsewhere


def test_nothing_to_tell_when_everyone_is_read(folder: Path, tmp_path: Path) -> None:
    with Project.open(folder) as project:
        project.set_cohort("P7", "internal test")
    write_verdicts(folder, SCORE)
    assert evaluate(folder, tmp_path).problems == ()


def test_dice_of_the_images_with_both_masks(folder: Path, tmp_path: Path) -> None:
    write_verdicts(folder, SCORE)
    draw(folder, "P1", SIDE // 2)
    draw(folder, "P2", SIDE)
    draw(folder, "P4", SIDE)
    write_masks(folder, ["P1", "P2", "P3"])
    evaluate(folder, tmp_path)
    (row,) = read(tmp_path / "segmentation.csv")
    assert {key: row[key] for key in ("model", "cohort", "view", "n")} == {
        "model": MODEL,
        "cohort": "internal test",
        "view": "tumour",
        "n": "2",
    }
    assert float(row["dice"]) == pytest.approx((1 + 2 / 3) / 2, abs=0.03)


def test_every_model_whose_findings_are_kept_is_measured(folder: Path, tmp_path: Path) -> None:
    write_verdicts(folder, SCORE)
    draw(folder, "P1", SIDE // 2)
    draw(folder, "P2", SIDE // 2)
    write_masks(folder, ["P1"])
    write_masks(folder, ["P1", "P2"], "ffff00000000")
    with Project.open(folder) as project:
        rows = [replace(verdict(name, score), model="ffff00000000") for name, score in SCORE.items()]
        predictions.write_verdicts(project.predictions / "scores" / "ffff00000000.csv", rows)
        project.set_clinical("P2", "t_stage", "2")
    evaluate(folder, tmp_path)
    measured = [(row["model"], row["n"]) for row in read(tmp_path / "segmentation.csv")]
    assert sorted(measured) == [(MODEL, "1"), ("ffff00000000", "2")]
    evaluate(folder, tmp_path, Filter("t_stage", frozenset("2")))
    assert [(row["model"], row["n"]) for row in read(tmp_path / "segmentation.csv")] == [("ffff00000000", "1")]


def test_without_masks_the_segmentation_table_is_only_its_header(folder: Path, tmp_path: Path) -> None:
    write_verdicts(folder, SCORE)
    evaluate(folder, tmp_path)
    assert (tmp_path / "segmentation.csv").read_text(encoding="utf-8") == "model,cohort,view,n,dice\n"


def test_a_project_without_outcomes_still_has_its_masks_measured(folder: Path, tmp_path: Path) -> None:
    with Project.open(folder) as project:
        for name in SCORE:
            project.set_outcome(name, None)
    write_verdicts(folder, SCORE)
    draw(folder, "P7", SIDE // 2)
    write_masks(folder, ["P7"])
    assert evaluate(folder, tmp_path).parts == {}
    assert len(read(tmp_path / "metrics.csv")) == 0
    assert read(tmp_path / "segmentation.csv")[0]["cohort"] == "south <B>"


def test_an_out_that_is_a_file_is_refused_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    write_verdicts(folder, SCORE)
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    with pytest.raises(BadFile, match="taken"):
        evaluate(folder, taken)
    assert taken.read_text(encoding="utf-8") == "mine"
