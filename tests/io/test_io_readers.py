"""Several readers' files of one image: kept apart, found again, and never mistaken for the main one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aln_desk.domain.adjudication import FINAL, Reader
from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.errors import AlnError, BadFile
from aln_desk.domain.patient import Instance, View
from aln_desk.domain.shape import Shape
from aln_desk.io import images, labelme_json, readers
from aln_desk.io.annotations import current_annotation, save_annotation

ONE = Shape("tumor", ((1.0, 2.0), (30.0, 4.0), (12.0, 20.0)))
OTHER = Shape("tumor", ((2.0, 2.0), (31.0, 4.0), (12.0, 20.0)))


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    path = tmp_path / "images" / "P1" / "a.png"
    path.parent.mkdir(parents=True)
    images.write_png(path, np.zeros((24, 40, 3), np.uint8))
    return Instance("P1/a.png", "P1", View.TUMOUR, str(path), str(path.with_suffix(".json")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "project" / "annotations"


def drawn(*shapes: Shape) -> Annotation:
    return Annotation("a.png", 24, 40, shapes)


def test_readers_do_not_see_each_others_outlines(folder: Path, instance: Instance) -> None:
    save_annotation(instance, drawn(ONE))
    assert readers.read(folder, instance, "AN") == Annotation("", 24, 40)
    readers.save(folder, instance, "AN", drawn(OTHER))
    readers.save(folder, instance, "Bo 李", drawn(ONE, OTHER))
    assert readers.read(folder, instance, FINAL).shapes == (ONE,)
    assert readers.read(folder, instance, "AN").shapes == (OTHER,)
    assert readers.read(folder, instance, "Bo 李").shapes == (ONE, OTHER)
    assert current_annotation(instance).shapes == (ONE,)
    assert [one.name for one in readers.readers_of(folder)] == ["AN", "Bo 李"]


def test_a_readers_file_is_a_labelme_file_of_its_image(folder: Path, instance: Instance) -> None:
    readers.save(folder, instance, "AN", drawn(ONE))
    path = Path(readers.placed(folder, instance, "AN").annotation)
    assert path.is_relative_to(folder / "readers")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (path.parent / record["imagePath"]).resolve() == Path(instance.image)
    assert (record["imageHeight"], record["imageWidth"]) == (24, 40)


def test_who_drew_an_image(folder: Path, instance: Instance) -> None:
    everybody = [readers.add_reader(folder, Reader(name)) for name in ("AN", "BO")]
    assert readers.who_drew(folder, instance, everybody) == []
    readers.save(folder, instance, "BO", drawn())
    assert readers.who_drew(folder, instance, everybody) == ["BO"]


def test_whether_a_reader_is_in_training_is_remembered(folder: Path, instance: Instance) -> None:
    readers.add_reader(folder, Reader(" Ann ", in_training=True))
    readers.save(folder, instance, "Ann", drawn(ONE))
    assert readers.readers_of(folder) == [Reader("Ann", in_training=True)]
    readers.add_reader(folder, Reader("Ann"))
    assert readers.readers_of(folder) == [Reader("Ann")]


def test_the_final_annotation_stays_where_it_is(folder: Path, instance: Instance) -> None:
    assert readers.placed(folder, instance, FINAL) is instance
    readers.save(folder, instance, FINAL, drawn(ONE))
    assert labelme_json.read(instance.annotation).shapes == (ONE,)
    assert readers.readers_of(folder) == []


def test_damaged_files_are_told_and_left_where_they_are(folder: Path, instance: Instance) -> None:
    readers.save(folder, instance, "AN", drawn(ONE))
    path = Path(readers.placed(folder, instance, "AN").annotation)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(BadFile):
        readers.read(folder, instance, "AN")
    assert path.read_text(encoding="utf-8") == "{"
    assert list(readers.pairs(folder, [instance], "AN", FINAL)) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"reader": 3}', '{"reader": " "}', '{"reader": "BO"}', '"x"'])
def test_a_folder_that_does_not_tell_whose_it_is_is_left_out(folder: Path, text: str) -> None:
    readers.add_reader(folder, Reader("AN"))
    (readers.reader_folder(folder, "AN") / readers.READER_FILE).write_text(text, encoding="utf-8")
    assert readers.readers_of(folder) == []


def test_a_folder_brought_from_another_copy_of_the_project_is_found(folder: Path, instance: Instance) -> None:
    elsewhere = folder.parent / "copy" / "annotations"
    readers.save(elsewhere, instance, "Bö", drawn(ONE))
    shutil.copytree(elsewhere / "readers", folder / "readers")
    assert readers.readers_of(folder) == [Reader("Bö")]
    assert readers.read(folder, instance, "Bö").shapes == (ONE,)


def test_pairs_are_the_images_that_both_answered(folder: Path, instance: Instance) -> None:
    others = [
        Instance(f"P1/{name}.png", "P1", View.TUMOUR, str(Path(instance.image).with_name(f"{name}.png")), name)
        for name in ("b", "c", "d")
    ]
    nothing = Annotation("", flags={NO_LESION: True})
    for reader, image, annotation in (
        ("AN", instance, drawn(ONE)),
        ("BO", instance, drawn(OTHER)),
        ("AN", others[0], drawn(ONE)),
        ("AN", others[1], nothing),
        ("BO", others[1], drawn(OTHER)),
        ("AN", others[2], drawn()),
        ("BO", others[2], drawn(OTHER)),
    ):
        readers.save(folder, image, reader, annotation)
    found = list(readers.pairs(folder, [instance, *others], "AN", "BO"))
    assert [(image.id, len(one.shapes), len(other.shapes)) for image, one, other in found] == [
        ("P1/a.png", 1, 1),
        ("P1/c.png", 0, 1),
    ]


def test_a_reader_needs_a_name(folder: Path, instance: Instance) -> None:
    for name in ("  ", "\n"):
        with pytest.raises(AlnError, match="name"):
            readers.add_reader(folder, Reader(name))
        with pytest.raises(AlnError, match="name"):
            readers.placed(folder, instance, name)


def comes_back(folder: Path, name: str) -> None:
    kept = readers.add_reader(folder, Reader(name))
    place = readers.reader_folder(folder, name)
    assert place.parent == folder / "readers" and len(place.name) < 60 and place.name.isascii()
    assert kept in readers.readers_of(folder)
    assert readers.plain_name(kept.name) == kept.name


@pytest.mark.parametrize("name", ["../../etc", "CON", "a/b\\c", ".", "x" * 300, "é", "\ud800", "李雷", 'a:b*?"<>|'])
def test_names_that_no_folder_may_have(folder: Path, name: str) -> None:
    comes_back(folder, name)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=60).filter(lambda name: name.strip()))
def test_any_name_makes_a_folder_and_comes_back(folder: Path, name: str) -> None:
    comes_back(folder, name)


def test_names_that_a_disk_takes_for_one_stay_apart(folder: Path, instance: Instance) -> None:
    upper = Instance("p1/A.PNG", "p1", View.TUMOUR, instance.image.replace("a.png", "A.PNG"), "")
    places = [
        readers.placed(folder, image, reader).annotation.casefold()
        for image in (instance, upper)
        for reader in ("Ann", "ann", "Ann ", "A_nn", "A:nn")
    ]
    assert len(set(places)) == 8  # "Ann" and "Ann " are one reader
    composed, apart = "Ren\u00e9", "Rene\u0301"
    assert readers.reader_folder(folder, composed) == readers.reader_folder(folder, apart)
