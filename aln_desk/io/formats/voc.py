"""PASCAL VOC: an XML file an image with a box an object, and its outline as several programs write it (``polygon``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement
from xml.parsers import expat

import numpy as np

from aln_desk.domain import geometry
from aln_desk.domain.errors import AlnError, BadFile
from aln_desk.domain.shape import Shape
from aln_desk.io.formats import png
from aln_desk.io.formats.classes import Classes
from aln_desk.io.formats.incoming import Incoming, Refuse, Refused, beside, content, files, finite, guarded, side
from aln_desk.io.formats.outlined import Outlined
from aln_desk.io.formats.rings import Ring, rings_of
from aln_desk.io.formats.stage import Stage
from aln_desk.io.rasterize import shape_mask

ANNOTATIONS, MASKS = "Annotations", "SegmentationClass"
_LIST = "ImageSets/Segmentation/all.txt"
_CLASSES = "classes.txt"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LARGEST = 1 << 26
_FLAGS = ("truncated", "difficult")


class VocFiles:
    """``Annotations/<name>.xml``, ``SegmentationClass/<name>.png`` (a palette picture of class numbers), the list of
    images and ``classes.txt``, whose lines name the classes from 0, the background, on."""

    def __init__(self) -> None:
        self._classes = Classes()
        self._names: list[str] = []

    def add(self, image: Outlined, stage: Stage) -> int:
        """Write one image's objects and mask; later shapes lie over earlier ones."""
        path = f"{ANNOTATIONS}/{image.name}.xml"
        root = _head(image, image.image_from((stage.out / path).parent))
        mask = np.zeros((image.height, image.width), np.uint8)
        lost = 0
        for shape in image.annotation.shapes:
            rings = rings_of(shape, image.height, image.width)
            lost += not rings
            for ring in rings:
                _add_object(root, shape, ring)
            if rings and (number := self._classes.number(shape.label)) < 256:
                mask[shape_mask(shape, *mask.shape)] = number
        ElementTree.indent(root)
        stage.write(path, ElementTree.tostring(root, "utf-8", xml_declaration=True))
        stage.write(f"{MASKS}/{image.name}.png", png.indexed(mask))
        self._names.append(image.name)
        return lost

    def end(self, stage: Stage) -> None:
        """Write the lists."""
        words = ["background", *(name for _number, name in sorted(self._classes.names().items()))]
        for file, lines in ((_LIST, self._names), (_CLASSES, words)):
            text = "".join(" ".join(line.split()) + "\n" for line in lines)
            stage.write(file, text.encode("utf-8", "replace"))


def _head(image: Outlined, path: str) -> Element:
    root = Element("annotation")
    _say(root, "folder", PurePosixPath(path).parent.name)
    _say(root, "filename", PurePosixPath(path).name)
    _say(root, "path", path)
    size = SubElement(root, "size")
    for name, value in (("width", image.width), ("height", image.height), ("depth", 3)):
        _say(size, name, str(value))
    _say(root, "segmented", "1")
    return root


def _add_object(root: Element, shape: Shape, ring: Ring) -> None:
    thing = SubElement(root, "object")
    _say(thing, "name", shape.label)
    _say(thing, "pose", "Unspecified")
    for flag in _FLAGS:
        _say(thing, flag, "1" if shape.flags.get(flag) else "0")
    box = SubElement(thing, "bndbox")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), geometry.bounding_box(ring), strict=True):
        _say(box, name, repr(value))
    if shape.shape_type != "rectangle":
        polygon = SubElement(thing, "polygon")
        for number, point in enumerate(ring, start=1):
            _say(polygon, f"x{number}", repr(float(point[0])))
            _say(polygon, f"y{number}", repr(float(point[1])))


def _say(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _NO_XML.sub("\ufffd", text)


def read(path: Path, refuse: Refuse) -> Iterator[Incoming]:
    """The images of an XML file, or of every one under a folder."""
    folder = path / ANNOTATIONS if (path / ANNOTATIONS).is_dir() else path
    for file in [path] if path.is_file() else files(folder, ".xml"):
        try:
            yield _image(file, file.relative_to(path.parent if path.is_file() else folder).parent, parse(file))
        except AlnError as error:
            refuse(str(error))
        except Refused as refusal:
            refuse(f"{file}: {refusal}.")


def parse(file: Path) -> Element:
    """The root element of an XML file. Raises `BadFile`; a document type is refused, since entities are made in it."""

    def refuse_type(*_about: object) -> None:
        raise BadFile(file, "holds a document type declaration, which is not read", "Remove it")

    data = content(file)
    if len(data) > _LARGEST:
        raise BadFile(file, "is larger than 64 MB", "Split it")
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse_type
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BadFile(file, f"is not complete XML ({error})", "Export it again") from error


def _image(file: Path, place: Path, root: Element) -> Incoming:
    if root.tag != "annotation":
        raise Refused("holds no VOC annotation")
    name, path = (_text(root, key).replace("\\", "/") for key in ("filename", "path"))
    image = (
        path if path and PurePosixPath(path).name == (PurePosixPath(name).name or PurePosixPath(path).name) else name
    )
    size = None
    if root.find("size") is not None:
        size = (
            side(finite(_text(root, "size/height")), "height"),
            side(finite(_text(root, "size/width")), "width"),
        )
    objects = root.findall("object")
    image = beside(place, image or file.stem)
    return Incoming(image, str(file), partial(_shapes, objects, file), size, has_suffix=bool(path or name))


def _shapes(objects: list[Element], file: Path, height: int, width: int, refuse: Refuse) -> list[Shape]:
    return [
        shape
        for place, thing in enumerate(objects, start=1)
        for shape in guarded(partial(_of_object, thing), f"{file}, object {place}", refuse)
    ]


def _of_object(thing: Element) -> list[Shape]:
    if thing.find("name") is None:
        raise Refused("has no name")
    label = _text(thing, "name", strip=False)
    flags = {flag: True for flag in _FLAGS if _text(thing, flag) == "1"}
    if polygons := thing.findall("polygon"):
        return [Shape(label, _outline(polygon), flags=flags) for polygon in polygons]
    left, top, right, bottom = (finite(_text(thing, f"bndbox/{key}")) for key in ("xmin", "ymin", "xmax", "ymax"))
    if right < left or bottom < top:
        raise Refused("the box ends before it begins")
    return [Shape(label, ((left, top), (right, bottom)), "rectangle", flags=flags)]


def _outline(polygon: Element) -> Ring:
    told = {child.tag: child.text for child in polygon}
    count = len(told) // 2
    keys = [(f"x{number}", f"y{number}") for number in range(1, count + 1)]
    if count < 3 or any(x not in told or y not in told for x, y in keys):
        raise Refused("the polygon is not x1, y1, x2, y2 ... of at least three corners")
    return tuple((finite(told[x]), finite(told[y])) for x, y in keys)


def _text(parent: Element, path: str, strip: bool = True) -> str:
    found = parent.findtext(path) or ""
    return found.strip() if strip else found
