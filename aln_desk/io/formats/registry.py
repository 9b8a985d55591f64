"""The formats by name: what each can hold, who writes and who reads it, and how one is told from its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aln_desk.domain.errors import AlnError, BadFile, BadSetting, MissingFile
from aln_desk.io.formats import coco, labelme_folder, masks, voc, yolo
from aln_desk.io.formats.incoming import Incoming, Refuse, files, json_object
from aln_desk.io.formats.outlined import Writer


@dataclass(frozen=True, slots=True)
class Format:
    """``holds`` tells in one sentence what it keeps and what is lost. ``images`` is the folder for copies of the images
    (empty: beside the files), None where copies make no sense. ``own`` are patterns of the files it writes."""

    key: str
    name: str
    holds: str
    write: Callable[[], Writer]
    read: Callable[[Path, Refuse], Iterator[Incoming]]
    images: str | None
    own: tuple[str, ...] = ()


_FORMATS = (
    Format(
        "labelme",
        "LabelMe",
        "Keeps everything; LabelMe and X-AnyLabeling open it.",
        labelme_folder.LabelMeFiles,
        labelme_folder.read,
        images="",
        own=("**/*.json",),
    ),
    Format(
        "coco",
        "COCO, polygons",
        "Keeps everything; other programs see a circle or a mask as the polygon around it, and no points or lines.",
        coco.Coco,
        coco.read,
        images="images",
    ),
    Format(
        "coco-rle",
        "COCO, RLE masks",
        "Keeps everything; other programs see each outline as its pixels, and no points or lines.",
        partial(coco.Coco, codes=True),
        coco.read,
        images="images",
    ),
    Format(
        "masks",
        "Masks, one a picture",
        "Keeps the pixels of tumour (1) and lymph node (2); loses other labels, single outlines, points, lines, notes.",
        masks.IndexMasks,
        masks.read_index,
        images=None,
    ),
    Format(
        "masks-per-class",
        "Masks, one a class",
        "Keeps the pixels of each label (255), overlaps too; loses single outlines, points, lines and notes.",
        masks.MasksPerClass,
        masks.read_per_class,
        images=None,
        own=("*/**/*.png", masks.CLASSES_FILE),
    ),
    Format(
        "yolo-seg",
        "YOLO, segmentation",
        "Keeps polygons and labels; circles, masks and rectangles become polygons; loses what lies off the image, "
        "points, lines and notes.",
        yolo.YoloLabels,
        yolo.read,
        images="images",
        own=(f"{yolo.LABELS}/**/*.txt", yolo.LIST, yolo.DATA),
    ),
    Format(
        "voc",
        "PASCAL VOC",
        "Keeps rectangles, polygons and labels; circles and masks become polygons; loses points, lines and notes.",
        voc.VocFiles,
        voc.read,
        images="JPEGImages",
        own=(f"{voc.ANNOTATIONS}/**/*.xml", f"{voc.MASKS}/**/*.png"),
    ),
)
FORMATS = {form.key: form for form in _FORMATS}


def form_of(key: str) -> Format:
    """A format by its key; `BadSetting` for an unknown one."""
    if key not in FORMATS:
        raise BadSetting(f"There is no format {key!r}. There are: {', '.join(FORMATS)}.")
    return FORMATS[key]


def recognised(path: Path) -> Format:
    """The format of a file or folder. Raises `BadFile` where its files fit none."""
    if not path.exists():
        raise MissingFile(path, "there is no such file or folder", "Choose another one")
    key = _of_file(path) if path.is_file() else _of_folder(path)
    if key is None:
        raise BadFile(path, "fits none of the formats", f"Name one of them: {', '.join(FORMATS)}")
    return FORMATS[key]


def _of_file(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if suffix == ".json":
        return "coco" if coco.is_coco(json_object(path)) else "labelme"
    by_suffix = {".xml": "voc", ".yaml": "yolo-seg", ".yml": "yolo-seg", ".txt": "yolo-seg", ".png": "masks"}
    return by_suffix.get(suffix)


def _of_folder(path: Path) -> str | None:
    if any((path / place).exists() for place in (yolo.DATA, yolo.LABELS)):
        return "yolo-seg"
    if (path / voc.ANNOTATIONS).is_dir() and files(path / voc.ANNOTATIONS, ".xml"):
        return "voc"
    if (path / masks.CLASSES_FILE).exists():
        return "masks-per-class"
    if records := files(path, ".json"):
        return "coco" if any(map(_is_coco, records[:8])) else "labelme"
    by_suffix = ((".xml", "voc"), (".txt", "yolo-seg"), (".png", "masks"))
    return next((key for suffix, key in by_suffix if files(path, suffix)), None)


def _is_coco(path: Path) -> bool:
    try:
        return coco.is_coco(json_object(path))
    except AlnError:
        return False
