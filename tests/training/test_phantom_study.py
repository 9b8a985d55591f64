"""A simulated study on disk: what is written, what is refused, the same bytes for any number of workers."""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from aln_desk.domain.errors import BadProject, BadSetting, Stopped
from aln_desk.domain.patient import Role
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL
from aln_desk.evaluation.selection import filter_of, passes, value_of, variables
from aln_desk.io import labelme_json
from aln_desk.io.importers import new_project
from training.phantom import risk, simulate
from training.phantom.latents import draw_patients

SIZE = 128
PATIENTS = 6


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantom") / "study"
    simulate(folder, PATIENTS, 3, size=SIZE, workers=1)
    return folder


def test_workers_do_not_change_a_byte(study: Path, tmp_path: Path) -> None:
    simulate(tmp_path, PATIENTS, 3, size=SIZE, workers=2)
    assert digests(tmp_path) == digests(study)


def test_another_seed_draws_other_images(study: Path, tmp_path: Path) -> None:
    simulate(tmp_path, 1, 4, size=SIZE, workers=1)
    one, other = (folder / "images/P0001/T1.png" for folder in (study, tmp_path))
    assert one.read_bytes() != other.read_bytes()


def test_tables_have_exactly_the_agreed_columns(study: Path) -> None:
    patients = (study / "patients.csv").read_text("utf-8").splitlines()[0]
    known = "file,patient,view,outcome,admission_date,cohort,hospital,scanner"
    assert patients == f"{known},age,t_stage,birads,pathological_type,er,pr,her2,ki67"
    truth = (study / "truth.csv").read_text("utf-8").splitlines()[0]
    assert truth == "patient,outcome,best_clinical,best_tumour,best_score"
    assert (study / "furniture.csv").read_text("utf-8").splitlines()[0] == "file,kind,x0,y0,x1,y1"


def test_every_row_names_an_image_and_every_image_a_row(study: Path) -> None:
    files = {row["file"] for row in rows(study / "patients.csv")}
    assert files == {path.relative_to(study).as_posix() for path in study.rglob("*.png")}
    for row in rows(study / "patients.csv"):
        assert row["view"] == ("tumour" if Path(row["file"]).name.startswith("T") else "lymph_node")


def test_a_patients_rows_agree_with_each_other_and_with_the_truth(study: Path) -> None:
    truth = {row["patient"]: row for row in rows(study / "truth.csv")}
    assert len(truth) == PATIENTS
    facts: dict[str, set[tuple[str, ...]]] = {}
    for row in rows(study / "patients.csv"):
        assert row["outcome"] == truth[row["patient"]]["outcome"]
        facts.setdefault(row["patient"], set()).add(tuple(row.values())[3:])
    assert facts.keys() == truth.keys()
    assert all(len(different) == 1 for different in facts.values())


@pytest.mark.parametrize("score", ["best_clinical", "best_tumour", "best_score"])
def test_the_best_scores_are_written_in_full(study: Path, score: str) -> None:
    drawn = {patient.id: getattr(patient, score) for patient in draw_patients(PATIENTS, 3)}
    assert {row["patient"]: float(row[score]) for row in rows(study / "truth.csv")} == drawn


def test_the_signs_explain_the_best_score_of_who_has_a_node_image(study: Path) -> None:
    truth = {row["patient"]: row for row in rows(study / "truth.csv")}
    signs = rows(study / "signs.csv")
    assert {row["patient"] for row in signs} == truth.keys()
    assert {row["node_logit"] == "" for row in signs} == {True, False}
    for row in signs:
        own = truth[row["patient"]]
        if row["node_logit"]:
            assert risk.chance(float(row["tumour_logit"]), float(row["node_logit"])) == float(own["best_score"])
        else:
            assert own["best_score"] == own["best_tumour"]


def test_what_a_hospital_knows_is_written_as_drawn(study: Path) -> None:
    drawn = {patient.id: patient for patient in draw_patients(PATIENTS, 3)}
    for row in rows(study / "patients.csv"):
        patient = drawn[row["patient"]]
        assert {name: row[name] for name in patient.clinical} == patient.clinical
        assert (row["scanner"], row["hospital"]) == (patient.scanner, patient.hospital)


def test_furniture_lies_in_images_of_the_study(study: Path) -> None:
    files = {row["file"] for row in rows(study / "patients.csv")}
    boxes = rows(study / "furniture.csv")
    assert boxes and boxes == sorted(boxes, key=lambda box: box["file"])
    for box in boxes:
        assert box["file"] in files and box["kind"] not in ("", "mark")
        assert 0 <= int(box["x0"]) < int(box["x1"]) <= SIZE
        assert 0 <= int(box["y0"]) < int(box["y1"]) <= SIZE


def test_an_unknown_shortcut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"no shortcut 'logo'.*none, text, calipers"):
        simulate(tmp_path, 1, 0, shortcut="logo", size=SIZE, workers=1)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_shortcut_study_has_the_patients_of_the_study_without(study: Path, tmp_path: Path) -> None:
    simulate(tmp_path, PATIENTS, 3, shortcut="text", size=SIZE, workers=1)
    for table in ("patients.csv", "truth.csv"):
        assert (tmp_path / table).read_bytes() == (study / table).read_bytes()
    marked = {patient.id for patient in draw_patients(PATIENTS, 3, "text") if patient.mark}
    boxes = [row for row in rows(tmp_path / "furniture.csv") if row["kind"] == "mark"]
    images = {row["file"] for row in rows(tmp_path / "patients.csv") if row["patient"] in marked}
    assert marked and {box["file"] for box in boxes} == images


def test_a_study_is_a_project_with_its_cohorts_and_can_be_filtered(study: Path, tmp_path: Path) -> None:
    with new_project(tmp_path / "project", study) as project:
        assert {cohort.name: cohort.role for cohort in project.cohorts()} == {
            "training": Role.TRAIN,
            "internal test": Role.INTERNAL_TEST,
            "external test": Role.EXTERNAL_TEST,
        }
        assert project.simulated
        patients = project.patients()
    drawn = {patient.id: patient for patient in draw_patients(PATIENTS, 3)}
    for patient in patients:
        own = drawn[patient.id]
        assert patient.clinical == {"scanner": own.scanner, **{k: v for k, v in own.clinical.items() if v}}
    offered = variables(patients)
    for name in ("scanner", "hospital", "t_stage", "birads"):
        value = value_of(patients[0], name)
        assert value in offered[name]
        assert passes(patients[0], [filter_of(f"{name}={value}")])
        assert not all(passes(p, [filter_of(f"{name}={value}")]) for p in patients)


def test_images_are_grey_and_of_the_asked_size(study: Path) -> None:
    for path in study.rglob("*.png"):
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
        assert image is not None
        assert image.shape == (SIZE, SIZE)
        assert image.dtype == np.uint8


def test_every_image_has_its_outline_as_labelme_writes_it(study: Path) -> None:
    for path in study.rglob("*.png"):
        annotation = labelme_json.read(path.with_suffix(".json"))
        assert annotation.image_path == path.name
        assert (annotation.image_height, annotation.image_width) == (SIZE, SIZE)
        (shape,) = annotation.shapes
        assert shape.label == (TUMOUR_LABEL if path.name.startswith("T") else NODE_LABEL)
        assert shape.shape_type == "polygon"
        assert 30 <= len(shape.points) <= 80


def test_progress_counts_every_image(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    simulate(tmp_path, 3, 1, size=SIZE, workers=1, progress=lambda done, total: seen.append((done, total)))
    images = len(list(tmp_path.rglob("*.png")))
    assert seen[-1] == (images, images)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_leaves_nothing_behind(tmp_path: Path, workers: int) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Stopped, match="stopped"):
        simulate(tmp_path, 4, 1, size=SIZE, workers=workers, should_stop=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    simulate(tmp_path, 1, 1, size=SIZE, workers=1)


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(done: int, total: int) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        simulate(tmp_path, 2, 1, size=SIZE, workers=1, progress=fail)
    assert not list(tmp_path.iterdir())


def test_nothing_but_images_outlines_and_the_tables_is_written(study: Path) -> None:
    tables = {"patients.csv", "truth.csv", "signs.csv", "furniture.csv"}
    files = {path.relative_to(study).as_posix() for path in study.rglob("*") if path.is_file()}
    assert all(re.fullmatch(r"images/P\d{4}/(T[1-4]|L[1-3])\.(png|json)", name) for name in files - tables)
    assert tables < files


@pytest.mark.parametrize("name", ["images", "patients.csv", "truth.csv", "signs.csv", "furniture.csv"])
def test_a_folder_that_holds_a_study_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(BadProject, match=rf"already holds {name}.*Choose an empty folder"):
        simulate(tmp_path, 1, 0, size=SIZE, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study"
    path.write_text("mine")
    with pytest.raises(BadProject, match=r"cannot hold a study.*Choose a folder"):
        simulate(path, 1, 0, size=SIZE, workers=1)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("patients", "seed", "size", "workers", "sentence"),
    [
        (0, 0, SIZE, 1, "at least 1 patient, not 0"),
        (1, -1, SIZE, 1, "seed must be 0 or more, not -1"),
        (1, 0, 64, 1, "at least 128 pixels a side, not 64"),
        (1, 0, SIZE, 0, "at least 1, not 0"),
    ],
)
def test_numbers_out_of_range_are_refused(
    tmp_path: Path, patients: int, seed: int, size: int, workers: int, sentence: str
) -> None:
    with pytest.raises(BadSetting, match=sentence):
        simulate(tmp_path, patients, seed, size=size, workers=workers)
    assert not list(tmp_path.iterdir())
