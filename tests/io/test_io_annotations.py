"""Where outlines are read from and saved to, and that nothing damaged is ever lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadFile
from aln_desk.domain.patient import Instance, View
from aln_desk.domain.shape import Shape
from aln_desk.io import images, labelme_json
from aln_desk.io.annotations import current_annotation, is_annotated, save_annotation

OUTLINE = Shape("tumor", ((1.0, 2.0), (30.0, 4.0), (12.0, 20.0)), extra={"score": 0.5})


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "images" / "P 1" / "a.png"
    path.parent.mkdir(parents=True)
    images.write_png(path, np.zeros((24, 40, 3), np.uint8))
    return path


@pytest.fixture
def beside(image: Path) -> Instance:
    return Instance("P 1/a.png", "P 1", View.TUMOUR, str(image), str(image.with_suffix(".json")))


@pytest.fixture
def apart(image: Path, tmp_path: Path) -> Instance:
    """Its annotation lies in the project's own folder, which does not exist yet."""
    file = tmp_path / "project" / "annotations" / "P 1" / "a.json"
    return Instance("P 1/a.png", "P 1", View.TUMOUR, str(image), str(file))


def test_an_image_without_outlines_has_an_empty_annotation(beside: Instance, apart: Instance) -> None:
    assert current_annotation(beside) == Annotation("a.png", 24, 40)
    assert current_annotation(apart) == Annotation("../../../images/P 1/a.png", 24, 40)
    assert not is_annotated(beside) and not is_annotated(apart)


def test_what_is_saved_is_read_and_describes_the_image(apart: Instance) -> None:
    stray = Annotation("elsewhere.png", 7, 7, (OUTLINE,), {"done": True}, extra={"who": "AN"})
    save_annotation(apart, stray)
    read = current_annotation(apart)
    assert read.shapes == (OUTLINE,)
    assert (read.flags, read.extra) == ({"done": True}, {"who": "AN"})
    assert (read.image_path, read.image_height, read.image_width) == ("../../../images/P 1/a.png", 24, 40)
    assert is_annotated(apart)


def test_an_outline_beside_the_image_is_shown_until_the_first_save(apart: Instance, beside: Instance) -> None:
    save_annotation(beside, Annotation("a.png", shapes=(OUTLINE,)))
    original = Path(beside.annotation).read_bytes()
    shown = current_annotation(apart)
    assert shown.shapes == (OUTLINE,)
    assert shown.image_path == "../../../images/P 1/a.png"
    assert is_annotated(apart)
    save_annotation(apart, replace(shown, shapes=()))
    assert current_annotation(apart).shapes == ()
    assert Path(beside.annotation).read_bytes() == original


def test_a_damaged_file_is_shown_not_replaced_by_the_one_beside(apart: Instance, beside: Instance) -> None:
    save_annotation(beside, Annotation("a.png", shapes=(OUTLINE,)))
    Path(apart.annotation).parent.mkdir(parents=True)
    Path(apart.annotation).write_text("{", encoding="utf-8")
    with pytest.raises(BadFile, match=r"a\.json"):
        current_annotation(apart)
    assert Path(apart.annotation).read_text(encoding="utf-8") == "{"


def test_saving_over_damaged_files_keeps_each_of_them(beside: Instance) -> None:
    path = Path(beside.annotation)
    for damage in (b"{", b"[]"):
        path.write_bytes(damage)
        save_annotation(beside, Annotation("a.png", shapes=(OUTLINE,)))
        assert current_annotation(beside).shapes == (OUTLINE,)
    assert path.with_name("a.json.bad-1").read_bytes() == b"{"
    assert path.with_name("a.json.bad-2").read_bytes() == b"[]"


def test_saving_over_a_good_file_leaves_no_copies(beside: Instance) -> None:
    for _ in range(2):
        save_annotation(beside, Annotation("a.png", shapes=(OUTLINE,)))
    assert sorted(path.name for path in Path(beside.image).parent.iterdir()) == ["a.json", "a.png"]


def test_an_outline_is_saved_though_its_image_is_away(beside: Instance) -> None:
    known = replace(current_annotation(beside), shapes=(OUTLINE,))
    Path(beside.image).unlink()
    assert current_annotation(beside) == Annotation("a.png")
    save_annotation(beside, known)
    assert labelme_json.read(beside.annotation).image_height == 24


def test_a_place_that_cannot_be_written_is_named(image: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    blocked = Instance("P 1/a.png", "P 1", View.TUMOUR, str(image), str(tmp_path / "file" / "a.json"))
    with pytest.raises(BadFile, match="cannot be written"):
        save_annotation(blocked, Annotation("a.png"))
