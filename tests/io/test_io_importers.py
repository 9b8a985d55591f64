"""From a folder of images, with or without a table, to a project: everything, or nothing and the reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError, BadFile, BadProject, MissingFile, Stopped
from aln_desk.domain.patient import Cohort, Patient, Role, View
from aln_desk.domain.shape import Shape
from aln_desk.io import images, labelme_json
from aln_desk.io.annotations import current_annotation, save_annotation
from aln_desk.io.importers import new_project
from aln_desk.io.project import Project

BUSI = Path(__file__).parents[2].parent / "shared" / "data" / "busi"
SQUARE = ((0.0, 0.0), (5.0, 0.0), (5.0, 5.0), (0.0, 5.0))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


def touch(folder: Path, *names: str) -> None:
    """Files that only look like images: importing must not decode any."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def imported(source: Path, **options) -> list[Patient]:
    with new_project(source.parent / "project", source, **options) as project:
        return project.patients()


def bags(patients: list[Patient]) -> dict[str, list[str]]:
    return {patient.id: [instance.id for instance in patient.bag] for patient in patients}


def table(
    source: Path, *rows: str, header: str = "file,patient,view,outcome,admission_date,cohort,hospital,age"
) -> Path:
    path = source / "patients.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


# --- by folder -------------------------------------------------------------------------------------------------------


def test_each_image_of_a_flat_folder_is_a_patient(source: Path) -> None:
    touch(source, "10.png", "2.PNG", "王.jpg", ".hidden.png", "notes.txt", "a.png", "a.jpg")
    found = imported(source)
    assert bags(found) == {
        "2": ["2/2.PNG"],
        "10": ["10/10.png"],
        "a.jpg": ["a.jpg/a.jpg"],
        "a.png": ["a.png/a.png"],
        "王": ["王/王.jpg"],
    }
    assert {(patient.cohort, patient.outcome) for patient in found} == {("training", None)}
    assert found[0].bag[0].image == str(source / "2.PNG")


def test_each_sub_folder_is_a_patient_with_unique_ids(source: Path) -> None:
    touch(source, "P1/t/1.png", "P1/u/1.png", "P1/1.png", "P1/1-2.png", "P2/1.png", "P3/.hidden/1.png")
    assert bags(imported(source)) == {
        "P1": ["P1/1-2.png", "P1/1.png", "P1/1-3.png", "P1/1-4.png"],
        "P2": ["P2/1.png"],
    }


def test_a_folder_without_images_leaves_nothing_behind(source: Path) -> None:
    touch(source, "notes.txt")
    with pytest.raises(BadProject, match="no images here"):
        imported(source)
    with pytest.raises(MissingFile, match="no such folder"):
        new_project(source.parent / "project", source / "none")
    assert not (source.parent / "project").exists()


def test_an_existing_project_is_not_imported_into(source: Path) -> None:
    touch(source, "a.png")
    imported(source)
    with pytest.raises(BadProject, match="lies here already"):
        imported(source)
    with Project.open(source.parent / "project") as project:
        assert bags(project.patients()) == {"a": ["a/a.png"]}


@pytest.mark.parametrize("error", [Stopped("Stopped."), KeyboardInterrupt()])
def test_an_import_that_is_stopped_leaves_what_was_there(source: Path, error: BaseException) -> None:
    touch(source, "a.png", "b.png")
    seen = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 2:
            raise error

    with pytest.raises(type(error)):
        new_project(source, source, progress=stop)
    assert seen == [(1, 2), (2, 2)]
    assert sorted(path.name for path in source.iterdir()) == ["a.png", "b.png"]


def test_the_source_is_not_touched(source: Path) -> None:
    touch(source, "P1/a.png", "P2/b.png")
    before = {path: path.stat().st_mtime_ns for path in [source, *source.rglob("*")]}
    imported(source)
    assert {path: path.stat().st_mtime_ns for path in [source, *source.rglob("*")]} == before


# --- views -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("L1.png", View.NODE),
        ("P7_L_2.png", View.NODE),
        ("Y_12_l2.png", View.NODE),
        ("ALN3.png", View.NODE),
        ("right Axilla.png", View.NODE),
        ("LymphNode-1.png", View.NODE),
        ("T1.png", View.TUMOUR),
        ("lesion.png", View.TUMOUR),
        ("nodule.png", View.TUMOUR),
        ("malignant_L.png", View.NODE),
        ("normal 12.png", View.TUMOUR),
        ("PL1.png", View.TUMOUR),
        ("node/1.png", View.NODE),
    ],
)
def test_a_view_is_read_from_the_name(source: Path, name: str, view: View) -> None:
    touch(source, f"P1/{name}")
    assert imported(source)[0].bag[0].view is view


def test_a_patients_folder_says_nothing_of_the_view(source: Path) -> None:
    touch(source, "L1/1.png")
    assert imported(source)[0].bag[0].view is View.TUMOUR


def test_labels_go_before_names_and_the_table_before_both(source: Path) -> None:
    touch(source, "L1.png", "L2.png", "L3.png", "L4.png")
    for name in ("L1", "L2"):
        outline = Shape("tumor", SQUARE)
        labelme_json.write(source / f"{name}.json", Annotation(f"{name}.png", shapes=(outline,)))
    labelme_json.write(source / "L3.json", Annotation("L3.png", shapes=(Shape("cyst", SQUARE),)))
    (source / "L4.json").write_text("{damaged")
    table(source, "L1.png,P1", "L2.png,P2,lymph_node", "L3.png,P3", "L4.png,P4")
    views = [patient.bag[0].view for patient in imported(source)]
    assert views == [View.TUMOUR, View.NODE, View.NODE, View.NODE]


# --- where annotations go --------------------------------------------------------------------------------------------


def test_annotations_lie_beside_writable_images(source: Path) -> None:
    touch(source, "P1/a.png")
    assert imported(source)[0].bag[0].annotation == str(source / "P1" / "a.json")


def test_annotations_of_a_read_only_folder_mirror_it_in_the_project(source: Path) -> None:
    touch(source, "P1/deep/a.png", "P2/a.png")
    (source / "P2").chmod(0o555)
    try:
        found = imported(source)
    finally:
        (source / "P2").chmod(0o755)
    own = source.parent / "project" / "annotations"
    assert [patient.bag[0].annotation for patient in found] == [
        str(own / "P1" / "deep" / "a.json"),
        str(own / "P2" / "a.json"),
    ]


def test_annotations_go_where_the_user_says(source: Path) -> None:
    touch(source, "P1/a.png")
    (inside,) = imported(source, annotations="project")[0].bag
    assert inside.annotation == str(source.parent / "project" / "annotations" / "P1" / "a.json")
    (source / "P1").chmod(0o555)
    try:
        with new_project(source.parent / "other", source, annotations="beside") as project:
            (beside,) = project.patient("P1").bag
    finally:
        (source / "P1").chmod(0o755)
    assert beside.annotation == str(source / "P1" / "a.json")


def test_an_outline_beside_is_taken_over_by_the_first_save(source: Path) -> None:
    touch(source, "P1/a.png")
    labelme_json.write(source / "P1" / "a.json", Annotation("a.png", shapes=(Shape("tumor", SQUARE),)))
    before = (source / "P1" / "a.json").read_bytes()
    (instance,) = imported(source, annotations="project")[0].bag
    shown = current_annotation(instance)
    assert len(shown.shapes) == 1
    save_annotation(instance, shown.with_shapes(shown.shapes * 2))
    assert len(current_annotation(instance).shapes) == 2
    assert (source / "P1" / "a.json").read_bytes() == before


def test_annotations_of_images_outside_the_source_do_not_fall_together(source: Path) -> None:
    for hospital in ("A", "B"):
        touch(source.parent / hospital, "1.png")
    table(source, "../A/1.png,P1", "../B/1.png,P1", header="file,patient")
    (patient,) = imported(source, annotations="project")
    own = source.parent / "project" / "annotations"
    paths = {Path(instance.annotation) for instance in patient.bag}
    assert len(paths) == 2 and all(path.is_relative_to(own) for path in paths)
    assert [instance.id for instance in patient.bag] == ["P1/1.png", "P1/1-2.png"]


# --- by table --------------------------------------------------------------------------------------------------------


def test_a_table_in_the_folder_is_used_by_itself(source: Path) -> None:
    touch(source, "a.png", "b.png", "sub/c.png", "unlisted.png")
    (source / "truth.csv").write_text("patient,outcome,best_score\nP1,1,0.9\n")
    table(
        source,
        "a.png,P2,tumour,,2024-03-01,training,A,61",
        "sub/c.png,P1,lymph_node,Y,2024-02-01,external test B,B,",
        "",
        "b.png,P2,,negative,,,,",
    )
    one, two = imported(source)
    assert (one.id, one.cohort, one.outcome, one.admission_date, one.hospital) == (
        "P1", "external test B", 1, "2024-02-01", "B",
    )  # fmt: skip
    assert (two.id, two.cohort, two.outcome, two.admission_date, two.hospital) == (
        "P2",
        "training",
        0,
        "2024-03-01",
        "A",
    )
    assert (one.clinical, two.clinical) == ({}, {"age": "61"})
    assert [instance.view for instance in one.bag + two.bag] == [View.NODE, View.TUMOUR, View.TUMOUR]
    with Project.open(source.parent / "project") as project:
        assert project.cohorts() == [Cohort("external test B", Role.EXTERNAL_TEST), Cohort("training", Role.TRAIN)]


def test_a_table_elsewhere_names_files_relative_to_itself(source: Path) -> None:
    touch(source, "a.png", "b.png")
    (source.parent / "lists").mkdir()
    path = source.parent / "lists" / "study.csv"
    path.write_text("\ufeffPatient;File;T stage\r\nP1;..\\images\\a.png;cT2\r\n", encoding="utf-8")
    (patient,) = imported(source, table=path)
    assert bags([patient]) == {"P1": ["P1/a.png"]}
    assert patient.clinical == {"t_stage": "cT2"}
    assert patient.bag[0].image == str(source / "a.png")


def test_two_tables_need_a_choice(source: Path) -> None:
    touch(source, "a.png")
    path = table(source, "a.png,P1", header="file,patient")
    (source / "other.CSV").write_text("patient;file\n")
    with pytest.raises(BadProject, match=r"both other\.CSV and patients\.csv"):
        imported(source)
    assert bags(imported(source, table=path)) == {"P1": ["P1/a.png"]}


def test_without_cohorts_the_last_fifth_by_date_is_the_internal_test(source: Path) -> None:
    touch(source, *(f"{number}.png" for number in range(10)))
    dates = ["2024-05-01"] * 2 + [f"2024-01-{day:02}" for day in range(1, 8)] + ["2024-04-01"]
    rows = [f"{number}.png,P{number},{date}" for number, date in enumerate(dates)]
    table(source, *rows, header="file,patient,admission_date")
    assert [patient.id for patient in imported(source) if patient.cohort == "internal test"] == ["P0", "P1"]


def test_patients_of_one_day_stay_together(source: Path) -> None:
    touch(source, *(f"{number}.png" for number in range(5)))
    rows = [f"{number}.png,P{number},2024-0{1 if number == 0 else 2}-01" for number in range(5)]
    table(source, *rows, header="file,patient,admission_date")
    assert {patient.cohort for patient in imported(source)} == {"training"}


def test_one_missing_date_leaves_all_for_training(source: Path) -> None:
    touch(source, "a.png", "b.png")
    table(source, "a.png,P1,2024-01-01", "b.png,P2,", header="file,patient,admission_date")
    assert {patient.cohort for patient in imported(source)} == {"training"}


def test_a_patient_left_without_cohort_is_refused(source: Path) -> None:
    touch(source, "a.png", "b.png")
    table(source, "a.png,P1,train", "b.png,P2,", header="file,patient,cohort")
    with pytest.raises(BadProject, match="no cohort for 1 patients, P2"):
        imported(source)
    assert not (source.parent / "project").exists()


def test_refused_rows_are_named_and_nothing_is_imported(source: Path) -> None:
    touch(source, "a.png")
    table(source, "a.png,P1,,7", "gone.png,P2")
    with pytest.raises(
        AlnError, match=r"2 rows are refused\. row 2: outcome \"7\".*; row 3: there is no file gone\.png"
    ):
        imported(source)
    assert not (source.parent / "project").exists()


def test_a_missing_table_is_named(source: Path) -> None:
    touch(source, "a.png")
    with pytest.raises(BadFile, match=r"none\.csv: this table does not exist"):
        imported(source, table=source / "none.csv")


@pytest.mark.skipif(not BUSI.is_dir(), reason="the shared images are not here")
def test_real_images_with_their_outlines_become_patients(tmp_path: Path) -> None:
    with new_project(tmp_path / "project", BUSI, annotations="project") as project:
        patients = project.patients()
    assert len(patients) == 568
    assert sum(len(current_annotation(patient.bag[0]).shapes) > 0 for patient in patients[::20]) > 20


def test_a_project_made_of_simulated_patients_says_so(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    images.write_png(source / "a.png", np.zeros((8, 8), np.uint8))
    with new_project(tmp_path / "plain", source) as project:
        assert not project.simulated
    (source / "truth.csv").write_text("patient,outcome,best_score\na,1,0.9\n")
    with new_project(tmp_path / "simulated", source) as project:
        assert project.simulated
