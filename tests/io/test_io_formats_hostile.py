"""Files of other programs, damaged or made to harm: refused in sentences, and what is sound beside them is taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import outlined_project as made
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aln_desk.domain.errors import AlnError, BadFile
from aln_desk.domain.shape import Shape
from aln_desk.io import images
from aln_desk.io.formats import png, yaml_names
from aln_desk.io.formats.importing import Plan, apply, plan

SQUARE = [[1, 1, 9, 1, 9, 9, 1, 9]]
HUGE = 10**400


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.make(tmp_path_factory.mktemp("bare"), drawn=False)


def planned(bare: Path, path: Path, form: str = "auto", mode: Any = "add") -> Plan:
    return plan(made.bag(bare), path, form, mode)


def coco(tmp_path: Path, *annotations: Any, **top: Any) -> Path:
    record = {
        "images": [{"id": 1, "file_name": "B/T3.png", "width": made.WIDTH, "height": made.HEIGHT}],
        "categories": [{"id": 1, "name": "tumor"}],
        "annotations": [
            {"image_id": 1, "category_id": 1, **one} if isinstance(one, dict) else one for one in annotations
        ],
        **top,
    }
    file = tmp_path / "found.json"
    file.write_text(json.dumps(record))
    return file


def run(counts: Any, size: Any = (made.HEIGHT, made.WIDTH)) -> dict[str, Any]:
    return {"segmentation": {"size": list(size) if isinstance(size, tuple) else size, "counts": counts}}


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (run([10, 5, 10**12]), "longer than the image"),
        (run([HUGE]), "longer than the image"),
        (run([5, -5, 20]), "negative"),
        (run([1.5, 2]), "whole numbers"),
        (run([True, 2]), "whole numbers"),
        (run("\x00\x01"), "damaged"),
        (run("Xoooooooooooooooooo"), "damaged"),
        (run("o"), "cut short"),
        (run([3, 2], (10**9, 10**9)), "is of size"),
        (run([3, 2], (-1, 5)), "is of size"),
        (run([3, 2], "big"), "is of size"),
        (run([4800]), "empty"),
        (run(None), "neither text nor whole"),
        ({"segmentation": [[1, 2, 3]]}, "at least three"),
        ({"segmentation": [[1, 2, float("nan"), 4, 5, 6]]}, "not a finite"),
        ({"segmentation": [[1, 2, float("-inf"), 4, 5, 6]]}, "not a finite"),
        ({"segmentation": [[1, 2, HUGE, 4, 5, 6]]}, "is not a number"),
        ({"segmentation": [[1, 2, "3", 4, 5, 6]]}, "is not a number"),
        ({"segmentation": [[1, 2, True, 4, 5, 6]]}, "is not a number"),
        ({"segmentation": "all"}, "neither polygons"),
        ({"segmentation": 5}, "neither polygons"),
        ({}, "neither an area nor a box"),
        ({"bbox": [1, 2, -3, 4]}, "negative size"),
        ({"bbox": [1, 2, float("nan"), 4]}, "not a finite"),
        ({"segmentation": SQUARE, "category_id": 7}, "no category"),
        ({"segmentation": SQUARE, "category_id": [1]}, "is no id"),
        ({"segmentation": SQUARE, "image_id": 9}, "no image of the file"),
        ({"segmentation": SQUARE, "image_id": {}}, "is no id"),
        ({"segmentation": SQUARE, "attributes": {"aln": {"group_id": "x"}}}, "group_id"),
        ({"segmentation": SQUARE, "attributes": {"aln": {"flags": {"a": 1}}}}, "flags"),
        ({"segmentation": SQUARE, "attributes": {"odd": float("nan")}}, "not finite"),
        ({"segmentation": SQUARE, "attributes": {"aln": {"points": [[1, 1]], "shape_type": "blob"}}}, "shape_type"),
        ("annotation", "not a JSON object"),
        (None, "not a JSON object"),
    ],
)
def test_a_bad_annotation_is_refused_and_the_good_one_taken(
    bare: Path, tmp_path: Path, annotation: Any, reason: str
) -> None:
    found = planned(bare, coco(tmp_path, annotation, {"segmentation": SQUARE}))
    (sentence,) = found.refused
    assert reason in sentence
    assert "annotation 1" in sentence
    assert len(sentence) < 400
    assert [len(change.shapes) for change in found.changes] == [1]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ({"file_name": "B/T3.png", "width": 10**9, "height": 10**9}, "is about an image of"),
        ({"file_name": "B/T3.png", "width": -80, "height": 60}, "not a number of pixels"),
        ({"file_name": "B/T3.png", "width": 80.5, "height": 60}, "not a number of pixels"),
        ({"file_name": "B/T3.png", "width": float("nan"), "height": 60}, "not a finite"),
        ({"file_name": "B/T3.png", "width": HUGE, "height": 60}, "is not a number"),
        ({"file_name": "B/T3.png", "width": 80}, "is not a number"),
        ({"file_name": "nobody.png"}, "no image of this project"),
        ({"file_name": "../../../etc/passwd"}, "no image of this project"),
        ({"file_name": "C:\\Users\\T9.png"}, "no image of this project"),
        ({"file_name": "T1.png"}, "could be 2 images"),
        ({"file_name": "A/T3.png"}, "no image of this project"),
        ({"file_name": ""}, "no image of this project"),
        ({"file_name": "\0"}, "no image of this project"),
        ({"file_name": 5}, "is not text"),
        ({"file_name": None}, "is not text"),
        ({"file_name": "B/T3.png", "aln": {"extra": {"x": float("nan")}}}, "not finite"),
    ],
)
def test_an_image_that_cannot_be_meant_is_refused(bare: Path, tmp_path: Path, image: Any, reason: str) -> None:
    good = {"id": 2, "file_name": "L1.PNG", "width": made.WIDTH, "height": made.HEIGHT}
    own = {"segmentation": SQUARE, "image_id": 2}
    found = planned(bare, coco(tmp_path, {"segmentation": SQUARE}, own, images=[{"id": 1, **image}, good]))
    assert [change.instance.id for change in found.changes] == ["A/L1.png"]
    assert reason in found.refused[0]
    assert "image 1" in found.refused[0]


def test_two_records_of_one_image_are_not_mixed(bare: Path, tmp_path: Path) -> None:
    pictures = [{"id": number, "file_name": "T3.png"} for number in (1, 2)]
    found = planned(
        bare, coco(tmp_path, {"segmentation": SQUARE}, {"segmentation": SQUARE, "image_id": 2}, images=pictures)
    )
    assert len(found.changes) == 1
    assert "second record about B/T3.png" in found.refused[0]


def test_deep_and_broken_json_is_a_sentence(bare: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    for text in ("[" * 10**5, '{"images": [', "[]", "", '{"a": ' + "9" * 5000 + "}"):
        file.write_text(text)
        with pytest.raises(BadFile):
            planned(bare, file)
    file.write_bytes('{"images": [], "annotations": [], "categories": "é"}'.encode("latin-1"))
    with pytest.raises(BadFile, match="UTF-8"):
        planned(bare, file)
    deep: Any = {}
    for _ in range(150):
        deep = {"x": deep}
    kept = {"segmentation": SQUARE, "attributes": {"aln": {"odd": deep}}}
    found = planned(bare, coco(tmp_path, kept, {"segmentation": SQUARE}))
    assert "nested" in found.refused[0]
    assert len(found.changes) == 1


def test_other_programs_coco_is_read(bare: Path, tmp_path: Path) -> None:
    annotations = [
        {"segmentation": SQUARE, "attributes": {"occluded": False}, "iscrowd": 0, "area": float("nan")},
        {"segmentation": [*SQUARE, [20, 20, 30, 20, 30, 30]]},
        {"segmentation": [], "bbox": [2, 3, 4, 5]},
        run([0, 3, 57, 3]),
    ]
    (change,) = planned(bare, coco(tmp_path, *annotations)).changes
    square, one, two, box, mask = change.shapes
    assert square.extra == {"attributes": {"occluded": False}}
    assert one.group_id == two.group_id == 1
    assert box == Shape("tumor", ((2.0, 3.0), (6.0, 8.0)), "rectangle")
    assert mask.shape_type == "polygon"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">'
    + "".join(f'<!ENTITY x{n} "{f"&x{n - 1 or str()};" * 10}">' for n in range(1, 9))
    + "]><annotation><filename>&x8;</filename></annotation>"
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>'


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, '<!DOCTYPE annotation SYSTEM "http://x/y.dtd"><annotation/>'])
def test_document_types_are_not_read(bare: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    found = planned(bare, tmp_path)
    assert found.changes == ()
    assert "document type" in found.refused[0]


def voc(objects: str, size: str = "<width>80</width><height>60</height>", name: str = "B/T3.png") -> str:
    return f"<annotation><filename>{name}</filename><size>{size}</size>{objects}</annotation>"


BOX = "<object><name>tumor</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object>"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (voc(BOX.replace("30", "0.5") + BOX), "ends before it begins"),
        (voc(BOX.replace("30", "nan") + BOX), "not a finite"),
        (voc(BOX.replace("30", "inf") + BOX), "not a finite"),
        (voc(BOX.replace("30", "wide") + BOX), "is not a number"),
        (voc(BOX.replace("<xmax>30</xmax>", "") + BOX), "is not a number"),
        (voc("<object/>" + BOX), "no name"),
        (voc("<object><name>x</name><polygon><x1>1</x1><y1>1</y1></polygon></object>" + BOX), "three corners"),
    ],
)
def test_a_bad_object_is_refused_and_the_good_one_taken(bare: Path, tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    found = planned(bare, tmp_path)
    assert reason in found.refused[0]
    assert "object 1" in found.refused[0]
    assert [len(change.shapes) for change in found.changes] == [1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<annotation>",
        "<a/>",
        "no",
        voc(BOX, "<width>-1</width><height>60</height>"),
        voc(BOX, "<width>80</width>"),
        voc(BOX, "<width>1e400</width><height>60</height>"),
        voc(BOX, name="../../../T9.png"),
        voc(BOX, name=""),
        '<?xml version="1.0" encoding="gbk"?><annotation/>',
        '<?xml version="1.0" encoding="nonsense"?><annotation/>',
        "<a>" * 100_000,
    ],
)
def test_bad_xml_is_a_sentence(bare: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    found = planned(bare, tmp_path)
    assert found.changes == ()
    assert len(found.refused) == 1


def test_xml_says_its_own_encoding(bare: Path, tmp_path: Path) -> None:
    text = voc(BOX.replace("tumor", "Läsion"))
    (tmp_path / "a.xml").write_bytes(f'<?xml version="1.0" encoding="iso-8859-1"?>{text}'.encode("latin-1"))
    (change,) = planned(bare, tmp_path).changes
    assert change.shapes[0].label == "Läsion"


def yolo(tmp_path: Path, lines: str, names: str = "names: [tumor, lymph_node]") -> Path:
    (tmp_path / "labels").mkdir(exist_ok=True)
    (tmp_path / "labels" / "T3.txt").write_text(lines)
    (tmp_path / "data.yaml").write_text(names)
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "0 nan 0.1 0.2 0.2 0.3 0.3",
        "0 0.1 0.1 0.2 0.2 0.3 inf",
        "0 0.1 0.1 0.2 0.2 0.3 1.5",
        "0 10 10 20 20 30 30",
        "0 0.1 0.1 0.2",
        "0 0.1 0.1 0.2 0.2 0.3",
        "0",
        "-1 0.1 0.1 0.2 0.2 0.3 0.3",
        "7 0.1 0.1 0.2 0.2 0.3 0.3",
        "0.0 0.1 0.1 0.2 0.2 0.3 0.3",
        "9999999999999999999999 0.1 0.1 0.2 0.2 0.3 0.3",
        "١ 0.1 0.1 0.2 0.2 0.3 0.3",
        "tumor 0.1 0.1 0.2 0.2 0.3 0.3",
    ],
)
def test_a_bad_line_is_refused_and_the_good_one_taken(bare: Path, tmp_path: Path, line: str) -> None:
    found = planned(bare, yolo(tmp_path, f"{line}\n\n1 0.5 0.5 0.5 0.25\n"))
    (sentence,) = found.refused
    assert "line 1" in sentence
    (change,) = found.changes
    assert change.shapes == (Shape("lymph_node", ((20.0, 22.5), (60.0, 37.5)), "rectangle"),)


def test_labels_that_cannot_be_read_are_sentences(bare: Path, tmp_path: Path) -> None:
    folder = yolo(tmp_path, "0 0.5 0.5 0.5 0.5")
    (folder / "labels" / "T2.txt").write_bytes(b"\xff\xfe\x00")
    (folder / "labels" / "T1.txt").write_text("0 0.5 0.5 0.5 0.5")
    found = planned(bare, folder)
    assert len(found.changes) == 1
    assert ["could be 2" in one or "UTF-8" in one for one in found.refused] == [True, True]
    (folder / "data.yaml").unlink()
    with pytest.raises(BadFile, match="names no classes"):
        planned(bare, folder)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: [a, 'b c', \"d\"]", ["a", "b c", "d"]),
        ("names: ['it''s', \"a\\\"b\\u00e4\", x ]  # three", ["it's", 'a"bä', "x"]),
        ("path: x\nnames: {0: a, 1: b}\nnc: 2", ["a", "b"]),
        ("names:\n  0: a\n  1: 'b: c'  # why\nnc: 2", ["a", "b: c"]),
        ("names:\n- a\n- b # second\n", ["a", "b"]),
        ("nc: 1\nnames:\n  # none\n\n  - lymph node", ["lymph node"]),
        ("names: [\n  a,\n  b,\n]\n", ["a", "b"]),
    ],
)
def test_names_in_their_usual_forms(text: str, names: list[str]) -> None:
    assert yaml_names.names(text, Path("x")) == dict(enumerate(names))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nc: 2",
        "names:",
        "names: *a",
        "names: &a [b]",
        "names: [a",
        "names:\n  0: a\n  0: b",
        "names: 5",
        "names: []",
    ],
)
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(BadFile, match="names"):
        yaml_names.names(text, Path("x"))


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_any_name_survives(words: list[str]) -> None:
    lines = "\n".join(f"  {number}: {yaml_names.quoted(word)}" for number, word in enumerate(words))
    assert yaml_names.names(f"names:\n{lines}\n", Path("x")) == dict(enumerate(words))


@given(st.text() | st.text("[]{},:'\"\\ -#ab01\n").map(lambda rest: "names:" + rest))
def test_any_text_gives_names_or_a_sentence(text: str) -> None:
    try:
        assert all(isinstance(word, str) for word in yaml_names.names(text, Path("x")).values())
    except BadFile as error:
        assert "names" in str(error)


def test_masks_are_checked_before_they_are_unpacked(bare: Path, tmp_path: Path) -> None:
    sound = np.zeros((made.HEIGHT, made.WIDTH), np.uint8)
    sound[5:9, 5:9] = 2
    images.write_png(tmp_path / "T3.png", sound)
    images.write_png(tmp_path / "L1.png", sound * 127)
    images.write_png(tmp_path / "T2.png", sound[:-1])
    bomb = bytearray(png.indexed(sound))
    bomb[16:24] = (10**9).to_bytes(4, "big") * 2
    (tmp_path / "T1.png").write_bytes(bomb)
    (tmp_path / "T4.png").write_bytes(b"nothing")
    found = planned(bare, tmp_path)
    assert [change.instance.id for change in found.changes] == ["B/T3.png"]
    assert found.changes[0].shapes[0].label == "lymph_node"
    told = " ".join(found.refused)
    assert len(found.refused) == 4
    for reason in ("value 254 names no class", "an image of 80 x 59 px", "could be 2", "T4.png"):
        assert reason in told
    single = planned(bare, tmp_path / "T3.png")
    assert single.changes == found.changes


def test_black_and_white_masks_in_folders(bare: Path, tmp_path: Path) -> None:
    mask = np.zeros((made.HEIGHT, made.WIDTH), np.bool_)
    mask[5:9, 5:9] = True
    for label in ("tumor", "cyst"):
        (tmp_path / label).mkdir()
        images.write_png(tmp_path / label / "T3.png", mask)
    images.write_png(tmp_path / "lost.png", mask)
    images.write_png(tmp_path / "cyst" / "T2.png", np.arange(4800, dtype=np.uint16).astype(np.uint8).reshape(60, 80))
    found = planned(bare, tmp_path, "masks-per-class")
    (change,) = found.changes
    assert sorted(shape.label for shape in change.shapes) == ["cyst", "tumor"]
    assert ["no class's folder" in one or "no mask of one class" in one for one in found.refused] == [True, True]


def test_labelme_files_are_checked_one_by_one(bare: Path, tmp_path: Path) -> None:
    good = {
        "version": "5",
        "imagePath": "T3.png",
        "imageData": None,
        "shapes": [{"label": "x", "points": [[1, 2]] * 3}],
    }
    (tmp_path / "a.json").write_text(json.dumps(good))
    (tmp_path / "b.json").write_text(json.dumps({**good, "imagePath": "T2.png", "imageHeight": 5, "imageWidth": 5}))
    (tmp_path / "c.json").write_text("{")
    (tmp_path / "d.json").write_text(json.dumps({**good, "imagePath": "..\\..\\T9.png"}))
    foreign = {**good, "imagePath": "L1.png", "imageHeight": -1, "imageWidth": -1}
    foreign["shapes"] = [
        {"label": "x", "shape_type": "rotation", "points": [[0, 0], [4, 0], [4, 4], [0, 4]], "kie_linking": []}
    ]
    (tmp_path / "L1.json").write_text(json.dumps(foreign))
    found = planned(bare, tmp_path)
    assert {change.instance.id for change in found.changes} == {"B/T3.png", "A/L1.png"}
    assert len(found.refused) == 3


def test_a_missing_place_is_a_sentence(bare: Path, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no such file"):
        planned(bare, tmp_path / "nothing")
    (tmp_path / "x.docx").write_text("")
    with pytest.raises(BadFile, match="fits none"):
        planned(bare, tmp_path / "x.docx")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from([10**400, -1, 1e308]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
coordinates = st.lists(st.floats() | st.integers(), max_size=8)
segmentations = (
    json_values
    | st.lists(coordinates, max_size=2)
    | st.fixed_dictionaries(
        {"counts": st.lists(st.integers(-3, 5000)) | st.text() | json_values, "size": st.just([60, 80]) | json_values}
    )
)
kept = st.fixed_dictionaries(
    {},
    optional={
        "points": st.lists(st.lists(st.floats() | st.integers(), min_size=2, max_size=2), max_size=3) | json_values,
        "shape_type": st.sampled_from(["polygon", "circle", "rectangle", "mask", "line", "cube"]) | json_values,
        **dict.fromkeys(("label", "mask", "group_id", "flags", "description", "locked", "other"), json_values),
    },
)
annotations = st.fixed_dictionaries(
    {},
    optional={
        "image_id": st.just(1) | json_values,
        "category_id": st.just(1) | json_values,
        "segmentation": segmentations,
        "bbox": coordinates | json_values,
        "attributes": st.fixed_dictionaries({"aln": kept}) | json_values,
    },
)
pictures = st.fixed_dictionaries(
    {"id": st.just(1), "file_name": st.just("T3.png") | json_values},
    optional={"width": st.just(80) | json_values, "height": st.just(60) | json_values, "aln": json_values},
)


def survives(bare: Path, path: Path, form: str, mode: Any = "add") -> None:
    """Planning gives a plan that can be saved and read back, or a sentence, and never anything else."""
    try:
        found = planned(bare, path, form, mode)
    except AlnError as error:
        assert str(error).strip()
        return
    assert all(sentence.strip().endswith(".") and "\n" not in sentence[:20] for sentence in found.refused)
    for change in found.changes:
        Path(change.instance.annotation).unlink(missing_ok=True)
    apply(found.changes, pytest.fail)
    for change in found.changes:
        Path(change.instance.annotation).unlink()


many = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@given(
    record=st.fixed_dictionaries(
        {
            "images": st.lists(pictures | json_values, max_size=2),
            "categories": st.just([{"id": 1, "name": "tumor"}]) | json_values,
            "annotations": st.lists(annotations | json_values, max_size=3),
        }
    )
)
@many
def test_any_coco_survives(record: dict[str, Any], bare: Path, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(record))
    survives(bare, tmp_path / "x.json", "coco")


words = st.sampled_from(["0", "1", "0.5", "-0.1", "nan", "1e999", "x", "0.25", "\0", "1_0", "٣"]) | st.floats().map(str)


@given(lines=st.lists(st.lists(words, max_size=9).map(" ".join), max_size=4).map("\n".join) | st.text())
@many
def test_any_yolo_survives(lines: str, bare: Path, tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir(exist_ok=True)
    (tmp_path / "labels" / "T3.txt").write_text(lines, encoding="utf-8", errors="replace")
    (tmp_path / "data.yaml").write_text("names: [tumor]")
    survives(bare, tmp_path, "yolo-seg")


pieces = st.sampled_from(
    [BOX, "<object>", "</object>", "<size><width>80</width>", "&amp;", "&x;", "<![CDATA[", "<polygon>", "<x1>1</x1>"]
)


@given(text=st.lists(pieces | st.text(max_size=5), max_size=6).map("".join))
@many
def test_any_xml_survives(text: str, bare: Path, tmp_path: Path) -> None:
    full = f"<annotation><filename>T3.png</filename>{text}</annotation>"
    for content in (text, full):
        (tmp_path / "x.xml").write_text(content, encoding="utf-8", errors="replace")
        survives(bare, tmp_path / "x.xml", "voc")


@given(data=st.binary(max_size=200))
@settings(many, max_examples=20)
def test_any_bytes_survive_every_reader(data: bytes, bare: Path, tmp_path: Path) -> None:
    for form, name in (
        *(("coco", "x.json"), ("labelme", "x.json"), ("voc", "x.xml"), ("yolo-seg", "T3.txt"), ("masks", "T3.png")),
        *(("yolo-seg", "data.yaml"), ("masks-per-class", "x/T3.png"), ("masks-per-class", "classes.json")),
    ):
        folder = tmp_path / f"{form}-{name.replace('/', '-')}"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        (folder / "T3.txt").write_bytes(data)
        survives(bare, folder, form)
        survives(bare, folder / name, form)
