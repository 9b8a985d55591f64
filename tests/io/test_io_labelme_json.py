from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from annotation_strategies import annotations, json_values
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadFile, MissingFile
from aln_desk.domain.shape import Shape
from aln_desk.io import images, labelme_json
from aln_desk.io.labelme_json import dumps, loads, read, sidecar, write

SHAPE: dict[str, Any] = {
    "label": "tumor",
    "points": [[1, 2], [3.5, 4], [5, 6]],
    "group_id": None,
    "description": "",
    "shape_type": "polygon",
    "flags": {},
    "mask": None,
}
RECORD: dict[str, Any] = {
    "version": "5.8.1",
    "flags": {},
    "shapes": [SHAPE],
    "imagePath": "x.png",
    "imageData": None,
    "imageHeight": 30,
    "imageWidth": 40,
}
POLYGON = Shape("tumor", ((1.0, 2.0), (3.5, 4.0), (5.0, 6.0)))
PLAIN = Annotation("x.png", 30, 40, (POLYGON,), version="5.8.1")


def with_shape(**changes: Any) -> str:
    shape = {key: value for key, value in {**SHAPE, **changes}.items() if value is not ...}
    return json.dumps({**RECORD, "shapes": [shape]})


def with_top(**changes: Any) -> str:
    return json.dumps({key: value for key, value in {**RECORD, **changes}.items() if value is not ...})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(annotations())
@example(Annotation("a.png", version="\ud800", shapes=(Shape("\udfff", ((1e308, -5e-324),)),)))
def test_what_was_written_reads_back_equal(tmp_path: Path, annotation: Annotation) -> None:
    path = tmp_path / "none" / "a.json"
    path.parent.mkdir(exist_ok=True)
    write(path, annotation)
    back = read(path)
    assert back == annotation
    assert list(back.extra) == list(annotation.extra)
    assert [list(shape.extra) for shape in back.shapes] == [list(shape.extra) for shape in annotation.shapes]


@given(annotations())
def test_the_text_is_that_of_any_json_writer(annotation: Annotation) -> None:
    text = labelme_json.dumps(annotation)
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2)


def test_keys_stand_in_labelmes_order() -> None:
    shape = replace(POLYGON, extra={"aln": 1}, locked=True)
    record = json.loads(dumps(replace(PLAIN, shapes=(shape,), extra={"aln": {"reader": "A"}})))
    assert list(record) == [*RECORD, "aln"]
    assert list(record["shapes"][0]) == ["aln", *SHAPE, "locked"]


def test_the_text_is_what_old_readers_expect() -> None:
    text = dumps(replace(PLAIN, version="", image_path="..\\bild ä.png"))
    assert '  "version": "5.4.1",\n  "flags": {},\n  "shapes": [\n    {\n      "label"' in text
    assert '"imagePath": "../bild ä.png"' in text
    assert '"imageData": null' in text
    assert '"locked"' not in text


def test_a_foreign_key_cannot_pose_as_labelmes_own() -> None:
    posing = replace(PLAIN, shapes=(replace(POLYGON, extra={"label": "x"}),), extra={"shapes": []})
    assert loads(dumps(posing), "x.json") == PLAIN


def test_a_lone_surrogate_survives_as_its_escape(tmp_path: Path) -> None:
    annotation = replace(PLAIN, extra={"note": "\ud83d"})
    write(tmp_path / "x.json", annotation)
    assert b"\\ud83d" in (tmp_path / "x.json").read_bytes()
    assert read(tmp_path / "x.json") == annotation


@pytest.mark.parametrize(
    "text",
    [
        with_shape(shape_type=...),
        with_shape(shape_type=None),
        with_shape(flags=..., group_id=..., description=..., mask=...),
        with_shape(flags=None, description=None, locked=False),
        with_shape(mask=""),
        with_top(imageData=...),
        with_top(imageData=""),
        with_top(flags=...),
        with_top(imageHeight=30.0),
    ],
)
def test_what_can_mean_one_thing_only_is_read(text: str) -> None:
    assert loads(text, "x.json") == PLAIN


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(RECORD), encoding="utf-8-sig")
    assert read(tmp_path / "x.json") == PLAIN


@pytest.mark.parametrize("size", [-1, None, ..., -1.0])
def test_an_unknown_size_is_none(size: Any) -> None:
    assert loads(with_top(imageHeight=size, imageWidth=size), "x.json").image_height is None


@pytest.mark.parametrize("version", [5, None, ..., ["5"]])
def test_any_version_will_do(version: Any) -> None:
    assert loads(with_top(version=version), "x.json").version == ""


def test_windows_paths_are_read() -> None:
    assert loads(with_top(imagePath="..\\images\\x.png"), "x.json").image_path == "../images/x.png"


def test_a_file_that_names_no_image_is_read() -> None:
    assert loads(with_top(imagePath=...), "x.json").image_path == ""


@pytest.mark.parametrize(
    ("kind", "points", "expected_kind", "expected"),
    [
        ("rectangle", [[1, 2], [7, 2], [7, 5], [1, 5]], "rectangle", ((1, 2), (7, 5))),
        ("rectangle", [[1, 2], [1, 5], [7, 5], [7, 2]], "rectangle", ((1, 2), (7, 5))),
        ("rotation", [[1, 2], [7, 3], [6, 9], [0, 8]], "polygon", ((1, 2), (7, 3), (6, 9), (0, 8))),
        ("quadrilateral", [[1, 2], [7, 3], [6, 9], [0, 8]], "polygon", ((1, 2), (7, 3), (6, 9), (0, 8))),
    ],
)
def test_x_anylabelings_kinds_become_labelmes(kind: str, points: list[Any], expected_kind: str, expected: Any) -> None:
    (shape,) = loads(with_shape(shape_type=kind, points=points), "x.json").shapes
    assert (shape.shape_type, shape.points) == (expected_kind, expected)


def test_x_anylabelings_keys_are_kept_in_order() -> None:
    extra = {"score": None, "difficult": False, "attributes": {}, "kie_linking": []}
    (shape,) = loads(with_shape(**extra), "x.json").shapes
    assert list(shape.extra.items()) == list(extra.items())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1"),
        ('{"shapes": [', "line 1"),
        ("[]", "JSON object"),
        ("null", "JSON object"),
        ("[" * 100_000, "levels deep"),
        ('{"a":' * 300 + "1" + "}" * 300, "levels deep"),
        ("1" * 5000, "digits"),
        ('{"shapes": [], "shapes": []}', "'shapes' stands twice"),
        (with_top(shapes=...), "'shapes'"),
        (with_top(shapes={}), "'shapes'"),
        (with_top(shapes=[SHAPE, 1]), "shape 2: is not a JSON object"),
        (with_top(imagePath=3), "'imagePath'"),
        (with_top(imageData="a"), "'imageData'"),
        (with_top(imageData="ä"), "'imageData'"),
        (with_top(imageHeight=30.5), "'imageHeight'"),
        (with_top(imageHeight=True), "'imageHeight'"),
        (with_top(imageWidth=0), "'imageWidth'"),
        (with_top(imageWidth=float("inf")), "'imageWidth'"),
        (with_top(flags=[]), "'flags'"),
        (with_top(flags={"a": 1}), "'flags'"),
        (with_shape(label=...), "shape 1: key 'label' is missing"),
        (with_shape(label=3), "'label'"),
        (with_shape(points=...), "'points'"),
        (with_shape(points=[]), "'points'"),
        (with_shape(points={"x": 1}), "'points'"),
        (with_shape(points=[[1, 2], [1, 2, 3]]), "'points', point 2"),
        (with_shape(points=[[1, "2"]]), "'points', point 1"),
        (with_shape(points=[[1, True]]), "'points', point 1"),
        (with_shape(points=[[1, float("nan")]]), "'points', point 1"),
        (with_shape(points=[[1, float("inf")]]), "'points', point 1"),
        (with_shape(points=[[1, 10**400]]), "'points', point 1"),
        (with_shape(shape_type="cuboid"), "'shape_type'"),
        (with_shape(shape_type=7), "'shape_type'"),
        (with_shape(shape_type="circle"), "a circle has 2 points, this one 3"),
        (with_shape(shape_type="rectangle", points=[[0, 0], [5, 1], [4, 6], [-1, 5]]), "a rectangle has 2"),
        (with_shape(shape_type="rectangle", points=[[1, 2], [1, 5], [7, 5], [8, 2]]), "a rectangle has 2"),
        (with_shape(shape_type="rectangle", points=[[1, 2], [7, 2], [7, 5], [0, 5]]), "a rectangle has 2"),
        (with_shape(group_id="1"), "'group_id'"),
        (with_shape(group_id=False), "'group_id'"),
        (with_shape(description=5), "'description'"),
        (with_shape(flags={"a": None}), "'flags'"),
        (with_shape(mask="iVBORw0KGgo="), "'mask' stands in a shape of type polygon"),
        (with_shape(shape_type="mask", points=[[0, 0], [1, 1]]), "'mask' is missing"),
        (with_shape(shape_type="mask", points=[[0, 0], [1, 1]], mask="abc"), "'mask' is not a base64 PNG"),
        (with_shape(shape_type="mask", points=[[0, 0], [1, 1]], mask="abcd"), "'mask' is not a PNG"),
        (with_shape(locked=1), "'locked'"),
    ],
)
def test_a_fault_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(BadFile) as caught:
        loads(text, "dir/x.json")
    assert str(caught.value).startswith("dir/x.json: ")
    assert place in str(caught.value)
    assert str(caught.value).endswith("it was left untouched.")


@given(json_values, st.sampled_from([*RECORD, *SHAPE]))
def test_any_value_under_any_key_reads_or_is_refused(value: Any, key: str) -> None:
    for text in (with_top(**{key: value}), with_shape(**{key: value})):
        try:
            annotation = loads(text, "x.json")
        except BadFile:
            continue
        assert loads(dumps(annotation), "x.json") == replace(
            annotation, version=annotation.version or labelme_json.VERSION
        )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("gbk", "replace")))
def test_any_bytes_read_or_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(BadFile, match=r"x\.json: "):
        read(tmp_path / "x.json")


def test_every_cut_of_a_file_is_refused() -> None:
    text = dumps(PLAIN)
    for length in range(len(text)):
        with pytest.raises(BadFile):
            loads(text[:length], "x.json")


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"none\.json"):
        read(tmp_path / "none.json")
    with pytest.raises(BadFile):
        read(tmp_path)


def test_what_could_not_be_read_back_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write(path, PLAIN)
    broken = replace(PLAIN, shapes=(POLYGON.with_points(((float("nan"), 1.0),)),))
    with pytest.raises(BadFile, match="point 1"):
        write(path, broken)
    assert read(path) == PLAIN


def test_an_unknown_size_is_taken_from_the_image(tmp_path: Path) -> None:
    images.write_png(tmp_path / "x.png", np.zeros((7, 9), np.uint8))
    write(tmp_path / "x.json", Annotation("x.png"))
    written = read(tmp_path / "x.json")
    assert (written.image_height, written.image_width) == (7, 9)


@pytest.mark.parametrize("image_path", ["none.png", "", "x\0.png", "y" * 5000, "\ud800.png"])
def test_an_unknown_size_stays_unknown_without_the_image(tmp_path: Path, image_path: str) -> None:
    write(tmp_path / "x.json", Annotation(image_path))
    assert read(tmp_path / "x.json").image_height is None


class TestSidecar:
    def test_bears_the_stem_of_a_lone_image(self, tmp_path: Path) -> None:
        (tmp_path / "a.b.png").touch()
        assert sidecar(tmp_path / "a.b.png") == tmp_path / "a.b.json"

    def test_keeps_the_suffix_where_a_namesake_stands(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").touch()
        (tmp_path / "a.JPG").touch()
        assert sidecar(tmp_path / "a.png") == tmp_path / "a.png.json"
        assert sidecar(tmp_path / "a.JPG") == tmp_path / "a.JPG.json"

    def test_follows_the_file_that_names_the_image(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").touch()
        (tmp_path / "a.jpg").touch()
        write(tmp_path / "a.json", Annotation("a.jpg"))
        assert sidecar(tmp_path / "a.jpg") == tmp_path / "a.json"
        assert sidecar(tmp_path / "a.png") == tmp_path / "a.png.json"

    def test_prefers_the_long_name_if_it_exists(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").touch()
        (tmp_path / "a.png.json").touch()
        assert sidecar(tmp_path / "a.png") == tmp_path / "a.png.json"

    def test_an_unreadable_file_is_not_hidden(self, tmp_path: Path) -> None:
        for name in ("a.png", "a.jpg", "a.json"):
            (tmp_path / name).touch()
        assert sidecar(tmp_path / "a.png") == tmp_path / "a.json"
