"""Small pictures of images: made beside the GUI thread, kept in the project's cache folder."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QPixmap

from aln_desk.gui import tasks

SIZE = QSize(240, 160)
"""Box in pixels that a thumbnail fits in."""

_KEPT = 400
_COVER = "cover.png"


class Thumbnails(QObject):
    """``get`` gives what is in memory and fetches what is not; ``ready`` carries the image's path."""

    ready = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pixmaps: OrderedDict[str, QPixmap] = OrderedDict()
        self._asked: set[str] = set()

    def get(self, image: str, cache: Path) -> QPixmap | None:
        """The thumbnail, or None while it is made (`ready` follows) or when the image cannot be read."""
        if image in self._pixmaps:
            self._pixmaps.move_to_end(image)
            return self._pixmaps[image]
        if image not in self._asked:
            self._asked.add(image)
            tasks.run(partial(_made, Path(image), cache), partial(self._take, image), None, tasks.Lane.BACKGROUND)
        return None

    def _take(self, image: str, made: QImage | None) -> None:
        if made is None:
            return  # stays asked for: an unreadable image is tried once
        self._asked.discard(image)
        self._pixmaps[image] = QPixmap.fromImage(made)
        while len(self._pixmaps) > _KEPT:
            self._pixmaps.popitem(last=False)
        self.ready.emit(image)


def cover(project: Path) -> QImage | None:
    """The picture of a project on the welcome page, None when none was kept."""
    picture = QImage(str(project / "cache" / _COVER))
    return None if picture.isNull() else picture


def keep_cover(image: str, cache: Path) -> None:
    """Keep the thumbnail of a project's first image as its cover."""
    made = _made(Path(image), cache)
    if made is not None:
        made.save(str(cache / _COVER))


def _made(image: Path, cache: Path) -> QImage | None:
    """Read from the cache or make and keep; a change of the image file makes a new one."""
    try:
        status = image.stat()
    except OSError:
        return None
    key = hashlib.sha256(f"{image}|{status.st_mtime_ns}|{status.st_size}".encode()).hexdigest()[:20]
    kept = cache / "thumbnails" / f"{key}.png"
    if kept.is_file() and not (found := QImage(str(kept))).isNull():
        return found
    made = _scaled(image)
    if made is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        made.save(str(kept))
    return made


def _scaled(image: Path) -> QImage | None:
    reader = QImageReader(str(image))
    reader.setAutoTransform(True)
    whole = reader.read()
    if whole.isNull():
        return None
    return whole.scaled(SIZE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
