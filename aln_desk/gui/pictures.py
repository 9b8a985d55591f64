"""The last images looked at, and the next ones, read beside the GUI thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from aln_desk.gui import tasks
from aln_desk.io import images

_KEPT = 12


class Pictures(QObject):
    """``ready(path)`` follows a `get` that had nothing yet; ``failed(path, sentence)`` when it cannot be read."""

    ready = Signal(str)
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pixels: OrderedDict[str, NDArray[np.uint8]] = OrderedDict()
        self._asked: set[str] = set()

    def get(self, path: str, lane: tasks.Lane = tasks.Lane.SCREEN) -> NDArray[np.uint8] | None:
        """Pixels (H, W, 3) uint8 RGB, or None while they are read."""
        if path in self._pixels:
            self._pixels.move_to_end(path)
            return self._pixels[path]
        if path not in self._asked:
            self._asked.add(path)
            tasks.run(partial(images.read, Path(path)), partial(self._take, path), partial(self._fail, path), lane)
        return None

    def prefetch(self, paths: Iterable[str]) -> None:
        """Read what will probably be looked at, the likeliest first; as many as are kept beside the one on screen."""
        for path in list(dict.fromkeys(paths))[: _KEPT - 1]:
            self.get(path, tasks.Lane.BACKGROUND)

    def _take(self, path: str, pixels: NDArray[np.uint8]) -> None:
        self._asked.discard(path)
        self._pixels[path] = pixels
        while len(self._pixels) > _KEPT:
            self._pixels.popitem(last=False)
        self.ready.emit(path)

    def _fail(self, path: str, error: Exception) -> None:
        self._asked.discard(path)
        self.failed.emit(path, str(error))
