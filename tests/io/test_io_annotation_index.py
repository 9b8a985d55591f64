"""The index answers what the files would, sees who changed them, and keeps nothing of what is gone."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from annotation_strategies import annotations
from hypothesis import HealthCheck, given, settings

from aln_desk.domain import progress
from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.progress import Status
from aln_desk.domain.shape import Shape
from aln_desk.io import annotation_index, labelme_json, readers
from aln_desk.io.annotation_index import Wanted
from aln_desk.io.annotations import save_annotation
from aln_desk.io.project import Project

RING = ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))
TUMOUR, NODE = Shape("tumor", RING), Shape("lymph_node", RING)


def image(folder: Path, patient: str, name: str) -> Instance:
    path = folder / patient / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return Instance(f"{patient}/{name}", patient, View.TUMOUR, str(path), str(path.with_suffix(".json")))


@pytest.fixture
def bag(tmp_path: Path) -> list[Instance]:
    """Images need not exist to be indexed."""
    return [image(tmp_path / "images", patient, name) for patient in ("P1", "P2") for name in ("a.png", "b.png")]


@pytest.fixture
def project(tmp_path: Path, bag: list[Instance]):
    with Project.create(tmp_path / "project") as opened:
        opened.add_cohort(Cohort("training", Role.TRAIN))
        opened.add_many(
            Patient(name, "training", bag=tuple(one for one in bag if one.patient == name)) for name in ("P1", "P2")
        )
        yield opened


def refresh(project: Project, bag: list[Instance], drawn_by: str = "") -> list[str]:
    """What a worker would find changed."""
    found = annotation_index.look(bag, project.annotation_index.stamps(drawn_by), drawn_by)
    project.annotation_index.store(found)
    return [row.instance for row in found]


def test_each_file_is_opened_once_until_it_changes(project: Project, bag: list[Instance]) -> None:
    labelme_json.write(bag[0].annotation, Annotation("a.png", 9, 9, (TUMOUR, NODE, NODE)))
    assert refresh(project, bag) == [one.id for one in bag]
    assert refresh(project, bag) == []
    labelme_json.write(bag[1].annotation, Annotation("b.png", 9, 9, (TUMOUR,)))
    assert refresh(project, bag) == ["P1/b.png"]
    Path(bag[1].annotation).unlink()
    assert refresh(project, bag) == ["P1/b.png"]
    assert project.annotation_index.statuses()["P1/b.png"] is Status.TO_DO


def test_a_row_says_what_the_file_does(project: Project, bag: list[Instance]) -> None:
    drawn = Annotation("a.png", 9, 9, (TUMOUR, NODE, NODE), {"poor_quality": True, NO_LESION: False})
    said = progress.with_status(drawn, Status.NEEDS_REVIEW, reader="AN")
    labelme_json.write(bag[0].annotation, said)
    os.utime(bag[0].annotation, ns=(0, 1_700_000_000_123_456_789))
    refresh(project, bag)
    row = project.annotation_index.rows(Wanted())[0]
    assert (row.instance, row.drawn_by, row.reader, row.status, row.shapes) == (
        "P1/a.png",
        "",
        "AN",
        Status.NEEDS_REVIEW,
        3,
    )
    assert row.labels == {"tumor": 1, "lymph_node": 2}
    assert row.flags == ("poor_quality",)
    assert row.changed_at == "2023-11-14T22:13:20+00:00"
    nothing = project.annotation_index.rows(Wanted())[1]
    assert (nothing.status, nothing.shapes, nothing.changed_at, nothing.stamp) == (Status.TO_DO, 0, "", "")


def test_a_save_writes_the_row_that_a_look_would(project: Project, bag: list[Instance]) -> None:
    drawn = Annotation("a.png", 9, 9, (TUMOUR,))
    save_annotation(bag[0], drawn)
    project.annotation_index.store([annotation_index.row_of(bag[0], drawn)])
    assert refresh(project, bag[:1]) == []
    (row,) = project.annotation_index.rows(Wanted())
    assert annotation_index.look(bag[:1], {}) == [row]


def test_an_outline_beside_the_image_is_found_and_its_change_noticed(tmp_path: Path, bag: list[Instance]) -> None:
    apart = replace(bag[0], annotation=str(tmp_path / "elsewhere" / "a.json"))
    beside = Path(bag[0].image).with_suffix(".json")
    labelme_json.write(beside, Annotation("a.png", 9, 9, (TUMOUR,)))
    (first,) = annotation_index.look([apart], {})
    assert first.shapes == 1
    assert annotation_index.look([apart], {apart.id: first.stamp}) == []
    labelme_json.write(beside, Annotation("a.png", 9, 9, (TUMOUR, NODE)))
    (second,) = annotation_index.look([apart], {apart.id: first.stamp})
    assert second.shapes == 2
    save_annotation(apart, Annotation("a.png"))
    (third,) = annotation_index.look([apart], {apart.id: second.stamp})
    assert third.shapes == 0


def test_a_damaged_file_is_to_do_and_says_why(project: Project, bag: list[Instance]) -> None:
    Path(bag[2].annotation).write_text("{", encoding="utf-8")
    refresh(project, bag)
    (row,) = project.annotation_index.rows(Wanted(with_problem=True))
    assert row.instance == bag[2].id and row.status is Status.TO_DO and "not complete JSON" in row.problem
    assert refresh(project, bag) == []


def test_counts_and_filters(project: Project, bag: list[Instance]) -> None:
    index = project.annotation_index
    said = progress.with_status(Annotation("b.png", 9, 9, (NODE,)), Status.REJECTED, "blurred", "AN")
    labelme_json.write(bag[0].annotation, Annotation("a.png", 9, 9, (TUMOUR, NODE)))
    labelme_json.write(bag[1].annotation, said)
    labelme_json.write(bag[2].annotation, Annotation("a.png", 9, 9, flags={"calipers_burned_in": True}))
    assert (index.counts()[""].total, index.counts()[""].finished) == (4, 0), "nothing is known yet"
    assert index.instances(Wanted(statuses=progress.WAITING)) == [one.id for one in bag]
    assert index.instances(Wanted(label="tumor")) == [] == index.rows(Wanted(statuses=progress.WAITING))
    refresh(project, bag)
    assert (index.counts()[""].total, index.counts()[""].finished) == (4, 2)
    patients = index.counts("patient")
    assert {name: (count.finished, count.total) for name, count in patients.items()} == {"P1": (2, 2), "P2": (0, 2)}
    readers = index.counts("reader")
    assert {name: (count.finished, count.total) for name, count in readers.items()} == {"AN": (1, 1), "": (1, 3)}

    def names(**conditions) -> list[str]:
        rows = [row.instance for row in index.rows(Wanted(**conditions))]
        assert index.instances(Wanted(**conditions)) == rows, "all images are looked at"
        return rows

    assert names(statuses=frozenset({Status.REJECTED})) == ["P1/b.png"]
    assert names(label="lymph_node") == ["P1/a.png", "P1/b.png"]
    assert names(label="lymph_node", statuses=frozenset({Status.DONE, Status.TO_DO})) == ["P1/a.png"]
    assert names(flag="calipers_burned_in") == ["P2/a.png"]
    assert names(reader="AN") == ["P1/b.png"]
    assert names(label="lymph%") == [] == names(reader="BO")
    assert index.labels() == {"tumor": 1, "lymph_node": 2}
    waiting = set(index.instances(Wanted(statuses=progress.WAITING)))
    assert progress.next_image([one.id for one in bag], waiting, "P1/a.png") == "P2/a.png"


def test_readers_own_files_are_indexed_apart(project: Project, bag: list[Instance]) -> None:
    labelme_json.write(bag[0].annotation, Annotation("a.png", 9, 9, (TUMOUR,)))
    readers.save(project.annotations, bag[1], "Bo", Annotation("b.png", shapes=(NODE,)))
    own = [readers.placed(project.annotations, one, "Bo") for one in bag]
    refresh(project, bag)
    assert refresh(project, own, "Bo") == [one.id for one in bag]
    assert refresh(project, own, "Bo") == []
    index = project.annotation_index
    assert index.counts()[""].finished == 1
    assert [row.instance for row in index.rows(Wanted("Bo", frozenset({Status.DONE})))] == ["P1/b.png"]
    assert index.rows(Wanted("Bo"))[1].reader == "Bo"
    assert index.counts("patient", "Bo")["P1"].finished == 1
    assert index.readers() == ["Bo"]
    assert index.labels("Bo") == {"lymph_node": 1}


def test_images_that_left_the_project_leave_the_index(project: Project, bag: list[Instance], tmp_path: Path) -> None:
    refresh(project, bag)
    project.remove_patient("P1")
    index = project.annotation_index
    assert set(index.stamps()) == {"P2/a.png", "P2/b.png"}
    index.store(annotation_index.look(bag, {}))
    assert set(index.stamps()) == {"P2/a.png", "P2/b.png"}
    assert index.counts()[""].total == 2


def test_a_store_is_whole_or_not_at_all(project: Project, bag: list[Instance]) -> None:
    rows = annotation_index.look(bag, {})

    def breaking():
        yield rows[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        project.annotation_index.store(breaking())
    assert project.annotation_index.stamps() == {}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(annotations())
def test_any_annotation_can_be_indexed(project: Project, bag: list[Instance], annotation: Annotation) -> None:
    row = annotation_index.row_of(bag[0], annotation)
    project.annotation_index.store([row])
    (found,) = project.annotation_index.rows(Wanted())
    assert (found.status, found.shapes) == (progress.status_of(annotation), len(annotation.shapes))
    expected = Counter(shape.label for shape in annotation.shapes)
    if all(label.isprintable() for label in expected):
        assert found.labels == expected
        assert project.annotation_index.labels() == expected
    assert sum(project.annotation_index.labels().values()) == len(annotation.shapes)
