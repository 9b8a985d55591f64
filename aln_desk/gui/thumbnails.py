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

_BYTES_KEPT = 64 << 20
_WAITING = 200
"""Requests kept; older ones are for pictures that were scrolled past."""
_COVER = "cover.png"


class Thumbnails(QObject):
    """``get`` gives what is in memory and fetches what is not; ``ready`` carries the image's path.

    With a ``tile`` (pixels) pictures are cut to that size. What was asked for last is made first, one at a time:
    it is what is on screen.
    """

    ready = Signal(str)

    def __init__(self, parent: QObject | None = None, tile: QSize | None = None) -> None:
        super().__init__(parent)
        self._tile = tile
        side = tile or SIZE
        self._kept = _BYTES_KEPT // (4 * side.width() * side.height())
        self._pixmaps: OrderedDict[str, QPixmap] = OrderedDict()
        self._waiting: OrderedDict[str, Path] = OrderedDict()
        self._unreadable: set[str] = set()
        self._making = ""

    def get(self, image: str, cache: Path) -> QPixmap | None:
        """The thumbnail, or None while it is made (`ready` follows) or when the image cannot be read."""
        if image in self._pixmaps:
            self._pixmaps.move_to_end(image)
            return self._pixmaps[image]
        if image not in self._unreadable and image != self._making:
            self._waiting[image] = cache
            self._waiting.move_to_end(image)
            if len(self._waiting) > _WAITING:
                self._waiting.popitem(last=False)
            self._make_next()
        return None

    def try_again(self) -> None:
        """Images that could not be read may be there now: a disk was plugged in again."""
        self._unreadable.clear()

    def _make_next(self) -> None:
        if self._waiting and not self._making:
            self._making, cache = self._waiting.popitem()
            make = partial(_tile, Path(self._making), cache, self._tile)
            tasks.run(make, partial(self._take, self._making), None, tasks.Lane.BACKGROUND)

    def _take(self, image: str, made: QImage | None) -> None:
        self._making = ""
        self._make_next()
        if made is None:
            self._unreadable.add(image)  # tried once
            return
        self._pixmaps[image] = QPixmap.fromImage(made)
        while len(self._pixmaps) > self._kept:
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


def _tile(image: Path, cache: Path, tile: QSize | None) -> QImage | None:
    """The thumbnail, or its middle cut to a tile."""
    made = _made(image, cache)
    if made is None or tile is None:
        return made
    covering = made.scaled(
        tile, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    left, top = (covering.width() - tile.width()) // 2, (covering.height() - tile.height()) // 2
    return covering.copy(left, top, tile.width(), tile.height())


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
