"""A project's outlines go out and come back, with all that each format can hold."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import outlined_project as made
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.errors import AlnError, BadFile, BadProject, BadSetting, Stopped
from aln_desk.domain.progress import Status, with_status
from aln_desk.domain.shape import Shape
from aln_desk.io import images, labelme_json, predictions
from aln_desk.io.formats import coco, png, rle, voc, yolo
from aln_desk.io.formats.export import Exported, Wish, export_outlines
from aln_desk.io.formats.importing import apply, plan
from aln_desk.io.formats.outlined import Outlined
from aln_desk.io.formats.registry import FORMATS, recognised
from aln_desk.io.formats.stage import staged
from aln_desk.io.project import Project
from aln_desk.io.rasterize import class_mask, shape_mask

WHOLE = ("labelme", "coco", "coco-rle")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return made.make(tmp_path / "from")


def export(project: Path, form: str, out: Path, **wish: Any) -> Exported:
    with Project.open(project) as opened:
        return export_outlines(opened, Wish(form, wish.pop("source", "drawn"), out, **wish))


def taken_over(tmp_path: Path, path: Path, form: str = "auto") -> Path:
    """A project of the same images without outlines, after importing ``path`` whole."""
    bare = made.make(tmp_path / "to", drawn=False)
    found = plan(made.bag(bare), path, form)
    assert found.refused == ()
    apply(found.changes, pytest.fail)
    return bare


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("with_images", [False, True])
@pytest.mark.parametrize("form", WHOLE)
def test_nothing_is_lost(project: Path, tmp_path: Path, form: str, with_images: bool) -> None:
    assert export(project, form, tmp_path / "out", with_images=with_images) == Exported(4, 1, 0)
    bare = taken_over(tmp_path, tmp_path / "out")
    for name, annotation in made.annotations(project).items():
        back = made.annotations(bare)[name]
        assert (back.shapes, back.flags, back.extra) == (annotation.shapes, annotation.flags, annotation.extra)


def test_yolo_keeps_outlines_and_labels(project: Path, tmp_path: Path) -> None:
    export(project, "yolo-seg", tmp_path / "out")
    back = made.shapes(taken_over(tmp_path, tmp_path / "out"))
    (triangle, rectangle), (keyhole,) = back["A/T1.png"], back["A/L1.png"]
    assert np.allclose(triangle.points, made.TRIANGLE.points, rtol=0, atol=1e-6)
    assert np.allclose(keyhole.points, made.KEYHOLE.points, rtol=0, atol=1e-6)
    assert (rectangle.shape_type, len(rectangle.points)) == ("polygon", 4)
    # A word that means the same as another is written under the class's name, the one used most.
    assert [shape.label for shape in back["B/T1.png"]] == ["cyst", "tumor", "tumor", "tumor"]


def test_voc_keeps_outlines_boxes_and_words(project: Path, tmp_path: Path) -> None:
    export(project, "voc", tmp_path / "out")
    back = made.shapes(taken_over(tmp_path, tmp_path / "out"))
    assert back["A/T1.png"] == (made.TRIANGLE, Shape("tumor", made.RECTANGLE.points, "rectangle"))
    assert back["A/L1.png"] == (Shape("lymph_node", made.KEYHOLE.points),)
    assert [shape.label for shape in back["B/T1.png"]] == ["cyst", "mass", "tumor", "tumor"]


@pytest.mark.parametrize("form", ["masks", "masks-per-class"])
def test_masks_come_back_to_the_pixel(project: Path, tmp_path: Path, form: str) -> None:
    export(project, form, tmp_path / "out")
    bare = taken_over(tmp_path, tmp_path / "out")
    size = made.HEIGHT, made.WIDTH
    for name, annotation in made.annotations(project).items():
        assert np.array_equal(class_mask(annotation, *size), class_mask(made.annotations(bare)[name], *size))
    if form == "masks-per-class":
        (cyst,) = (shape for shape in made.shapes(bare)["B/T1.png"] if shape.label == "cyst")
        assert np.array_equal(shape_mask(cyst, *size), shape_mask(made.CIRCLE, *size))


def test_the_class_pictures_of_voc_are_masks_too(project: Path, tmp_path: Path) -> None:
    export(project, "voc", tmp_path / "out")
    names = (tmp_path / "out" / "classes.txt").read_text().split()
    pixels = png.numbers((tmp_path / "out" / "SegmentationClass" / "B" / "T1.png").read_bytes())
    assert names[:4] == ["background", "tumor", "lymph_node", "cyst"]
    assert np.array_equal(pixels == 3, shape_mask(made.CIRCLE, made.HEIGHT, made.WIDTH))


@pytest.mark.parametrize("form", FORMATS)
def test_importing_twice_changes_nothing(project: Path, tmp_path: Path, form: str) -> None:
    export(project, form, tmp_path / "out")
    bare = taken_over(tmp_path, tmp_path / "out")
    for mode in ("keep", "add", "replace"):
        again = plan(made.bag(bare), tmp_path / "out", mode=mode)  # type: ignore[arg-type]
        assert (again.changes, again.same, again.refused) == ((), 3, ())


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_is_told_from_its_files(project: Path, tmp_path: Path, form: str) -> None:
    export(project, form, tmp_path / "out")
    found = recognised(tmp_path / "out").key
    assert found == form or (form, found) == ("coco-rle", "coco")


@pytest.mark.parametrize("form", [form.key for form in FORMATS.values() if form.images is not None])
def test_copies_go_where_the_format_says(project: Path, tmp_path: Path, form: str) -> None:
    export(project, form, tmp_path / "out", with_images=True)
    copy = tmp_path / "out" / (FORMATS[form].images or ".") / "B" / "T1.png"
    original = next(one.image for one in made.bag(project) if one.id == "B/T1.png")
    assert copy.read_bytes() == Path(original).read_bytes()


def test_labelme_files_lead_to_their_images(project: Path, tmp_path: Path) -> None:
    for with_images in (False, True):
        export(project, "labelme", tmp_path / str(with_images), with_images=with_images)
        file = tmp_path / str(with_images) / "B" / "T1.json"
        assert (file.parent / labelme_json.read(file).image_path).is_file()


def test_the_coco_file_is_what_others_expect(project: Path, tmp_path: Path) -> None:
    export(project, "coco", tmp_path / "out")
    record = json.loads((tmp_path / "out" / coco.FILE).read_text("ascii"))
    assert record["licenses"] == []
    assert [(one["id"], one["name"]) for one in record["categories"][:3]] == [
        (1, "tumor"),
        (2, "lymph_node"),
        (3, "caliper"),
    ]
    first = record["images"][0]
    assert (tmp_path / "out" / first["file_name"]).resolve() == (project.parent / "images" / "A" / "T1.png").resolve()
    assert (first["width"], first["height"]) == (made.WIDTH, made.HEIGHT)
    triangle, rectangle = record["annotations"][:2]
    assert triangle["segmentation"] == [[value for point in made.TRIANGLE.points for value in point]]
    assert "attributes" not in triangle
    assert (rectangle["area"], rectangle["bbox"]) == (20 * 15, [10.5, 40.0, 19.5, 15.0])
    assert {one["iscrowd"] for one in record["annotations"]} == {0}


def test_codes_are_the_pixels_of_the_outline(project: Path, tmp_path: Path) -> None:
    export(project, "coco-rle", tmp_path / "out")
    record = json.loads((tmp_path / "out" / coco.FILE).read_text("ascii"))
    keyhole = next(one for one in record["annotations"] if one["category_id"] == 2)
    assert keyhole["segmentation"]["size"] == [made.HEIGHT, made.WIDTH]
    mask = rle.decode(rle.from_text(keyhole["segmentation"]["counts"]), made.HEIGHT, made.WIDTH)
    assert keyhole["area"] == mask.sum() == 30 * 30 - 10 * 10
    assert not mask[25, 55]


def test_an_area_changed_by_another_program_is_believed(project: Path, tmp_path: Path) -> None:
    export(project, "coco", tmp_path / "out")
    file = tmp_path / "out" / coco.FILE
    record = json.loads(file.read_text())
    rectangle = record["annotations"][1]
    rectangle["segmentation"] = [[1, 1, 9, 1, 9, 9]]
    file.write_text(json.dumps(record))
    shape = made.shapes(taken_over(tmp_path, file))["A/T1.png"][1]
    assert (shape.shape_type, shape.points) == ("polygon", ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0)))
    assert shape.locked


def test_what_the_model_saw_is_exported(project: Path, tmp_path: Path, found: Callable[..., None]) -> None:
    mask = found(project, "A/T1.png")
    for form in FORMATS:
        assert export(project, form, tmp_path / form, source="model").images == 1
    pixels = images.read(tmp_path / "masks" / "A" / "T1.png")[..., 0]
    assert np.array_equal(pixels, mask.astype(np.uint8))
    annotation = labelme_json.read(tmp_path / "labelme" / "A" / "T1.json")
    assert np.array_equal(class_mask(annotation, *mask.shape) == 1, mask)


@pytest.fixture
def found() -> Callable[[Path, str], np.ndarray]:
    """Writes what a model found on one image; gives the mask."""
    from aln_desk.domain.verdict import InstancePrediction, Placement

    def write(project: Path, name: str) -> np.ndarray:
        mask = np.zeros((made.HEIGHT, made.WIDTH), np.bool_)
        mask[10:30, 20:50] = True
        mask[15:20, 30:35] = False
        finding = InstancePrediction(
            name, mask, np.zeros((2, 2), np.float32), Placement(64, 1.0, 1.0, 0.0, 0.0), -3.0, 0.0, np.zeros(4), "x"
        )
        with Project.open(project) as opened:
            predictions.write_bag(opened.predictions / predictions.INSTANCES_FILE, "m", [finding], {name: 1.0})
        return mask

    return write


def test_cohorts_and_done_images_are_chosen(project: Path, tmp_path: Path) -> None:
    assert export(project, "labelme", tmp_path / "one", cohorts=["training"]).images == 2
    assert set(tree(tmp_path / "one")) == {"A/T1.json", "L1.json"}  # names do not depend on what is chosen
    with pytest.raises(BadProject, match="no cohort"):
        export(project, "labelme", tmp_path / "two", cohorts=["trainign"])
    instance = next(one for one in made.bag(project) if one.id == "A/T1.png")
    doubtful = with_status(Annotation("", shapes=(made.TRIANGLE,)), Status.NEEDS_REVIEW)
    done = export(project, "labelme", tmp_path / "done", only_done=True, newest={instance.id: doubtful})
    assert set(tree(tmp_path / "done")) == {"L1.json", "B/T1.json", "T2.json"}
    assert done.without == 2


def test_outlines_that_are_not_saved_yet_are_exported(project: Path, tmp_path: Path) -> None:
    newest = {"B/T3.png": Annotation("", shapes=(made.TRIANGLE,))}
    assert export(project, "voc", tmp_path / "out", newest=newest).images == 5
    assert (tmp_path / "out" / "Annotations" / "T3.xml").is_file()


@pytest.mark.parametrize("form", FORMATS)
def test_a_stop_and_a_failure_leave_nothing(project: Path, tmp_path: Path, form: str) -> None:
    seen: list[int] = []
    with Project.open(project) as opened, pytest.raises(Stopped):
        wish = Wish(form, "drawn", tmp_path / "out")
        export_outlines(opened, wish, lambda done, total: seen.append(done), lambda: len(seen) == 2)
    assert not (tmp_path / "out").exists()
    Path(made.bag(project)[2].image).write_bytes(b"damaged")
    with pytest.raises(AlnError):
        export(project, form, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_lay_there_comes_back_when_a_file_cannot_be_replaced(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    export(project, "masks", out)
    (out / "T2.png").write_bytes(b"older")
    before = tree(out)
    original = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.name == "T2.png" and target == out / "T2.png" and self.parent.name != ".old":
            raise PermissionError(13, "Access is denied", str(self))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(BadFile, match="cannot be written"):
        export(project, "masks", out)
    assert tree(out) == before


@pytest.mark.parametrize("form", ["masks", "labelme"])
def test_own_files_are_never_replaced(project: Path, form: str) -> None:
    for place in ("images", "images/A"):
        before = tree(project.parent / "images")
        with pytest.raises(BadProject, match="never changed"):
            export(project, form, project.parent / place, cohorts=["internal test"] if place == "images" else [])
        assert tree(project.parent / "images") == before


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_nor_through_a_link(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project.parent / "images", target_is_directory=True)
    with pytest.raises(BadProject, match="never changed"):
        export(project, "masks", tmp_path / "link")


@pytest.mark.parametrize("form", ["labelme", "masks-per-class", "yolo-seg", "voc"])
def test_two_exports_do_not_mix(project: Path, tmp_path: Path, form: str) -> None:
    export(project, form, tmp_path / "out")
    export(project, form, tmp_path / "out")  # the same again is no other
    before = tree(tmp_path / "out")
    with pytest.raises(AlnError, match="another export"):
        export(project, form, tmp_path / "out", cohorts=["training"])
    assert tree(tmp_path / "out") == before


def test_nothing_to_export_and_unknown_formats_are_sentences(tmp_path: Path) -> None:
    bare = made.make(tmp_path, drawn=False)
    with pytest.raises(BadProject, match="Draw outlines first"):
        export(bare, "coco", tmp_path / "out")
    with pytest.raises(BadSetting, match="There are: labelme"):
        export(bare, "dicom", tmp_path / "out")
    with pytest.raises(BadFile, match="fits none"):
        recognised(bare.parent / "p")


def test_an_image_without_lesion_says_so(project: Path, tmp_path: Path) -> None:
    export(project, "yolo-seg", tmp_path / "yolo")
    assert (tmp_path / "yolo" / "labels" / "T2.txt").read_bytes() == b""
    assert made.annotations(project)["B/T2.png"].flags == {NO_LESION: True}


values = st.floats(-30, 130)
corners = st.lists(st.tuples(values, values), min_size=3, max_size=8).map(tuple)
labels = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["tumor", "Mass", "lymph node"]
)
polygons = st.builds(Shape, label=labels, points=corners)


def written(form: str, shapes: list[Shape], folder: Path) -> Path:
    """One image's shapes, written by a format alone."""
    writer = FORMATS[form].write()
    with staged(folder, set()) as stage:
        image = Outlined("x", folder / "x.png", Annotation("x.png", 90, 110, tuple(shapes)), 90, 110)
        writer.add(image, stage)
        writer.end(stage)
    return folder


def read_back(form: str, folder: Path) -> list[Shape]:
    refused: list[str] = []
    found = [
        shape for one in FORMATS[form].read(folder, refused.append) for shape in one.shapes(90, 110, refused.append)
    ]
    assert refused == []
    return found


@given(shapes=st.lists(polygons, max_size=4))
@settings(max_examples=25)
def test_polygons_survive_coco_exactly(shapes: list[Shape], tmp_path_factory: pytest.TempPathFactory) -> None:
    for form in ("coco", "coco-rle"):
        assert read_back(form, written(form, shapes, tmp_path_factory.mktemp("coco"))) == shapes


@given(shapes=st.lists(polygons, max_size=4))
@settings(max_examples=25)
def test_polygons_survive_voc(shapes: list[Shape], tmp_path_factory: pytest.TempPathFactory) -> None:
    back = read_back("voc", written("voc", shapes, tmp_path_factory.mktemp("voc")))
    assert [shape.points for shape in back] == [shape.points for shape in shapes]
    legal = [shape.label for shape in shapes if voc._NO_XML.search(shape.label) is None and "\r" not in shape.label]
    assert all(label in [shape.label for shape in back] for label in legal)


inside = st.tuples(st.floats(0, 110), st.floats(0, 90))


@given(shapes=st.lists(st.builds(Shape, label=labels, points=st.lists(inside, min_size=3).map(tuple)), max_size=4))
@settings(max_examples=25)
def test_polygons_on_the_image_survive_yolo(shapes: list[Shape], tmp_path_factory: pytest.TempPathFactory) -> None:
    back = read_back("yolo-seg", written("yolo-seg", shapes, tmp_path_factory.mktemp("yolo")))
    assert len(back) == len(shapes)
    for one, other in zip(back, shapes, strict=True):
        assert np.allclose(one.points, other.points, rtol=0, atol=1e-6)
    others = [shape.label for shape in shapes if shape.label not in ("tumor", "Mass", "lymph node")]
    assert [shape.label for shape in back if shape.label not in ("tumor", "Mass", "lymph node")] == others


def test_yolo_is_told_only_what_lies_on_the_image(tmp_path: Path) -> None:
    over = Shape("tumor", ((-10.0, 10.0), (50.0, 10.0), (50.0, 200.0), (-10.0, 200.0)))
    folder = written("yolo-seg", [over, Shape("tumor", ((-9.0, 0.0), (-1.0, 0.0), (-1.0, 9.0)))], tmp_path / "out")
    (shape,) = read_back("yolo-seg", folder)
    assert np.array_equal(shape_mask(shape, 90, 110), shape_mask(over, 90, 110))
    words = (folder / yolo.LABELS / "x.txt").read_text().split()
    assert all(0 <= float(word) <= 1 for word in words[1:])
