"""Two canvases that look at the same place: one follows the other, whichever is moved."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPointF

from aln_desk.gui.canvas.view import ImageCanvas


class ImageLink(QObject):
    """While ``on``: same centre and zoom, by each image's own size, and each shows where the other is pointed at."""

    def __init__(self, first: ImageCanvas, second: ImageCanvas) -> None:
        super().__init__(second)
        self._on = False
        self._carrying = False
        for here, there in ((first, second), (second, first)):
            here.cameraChanged.connect(partial(self._carry, here, there))
            here.cursorMoved.connect(partial(self._point, here, there))
            here.cursorLeft.connect(partial(there.set_echo, None))
        self._first, self._second = first, second

    @property
    def on(self) -> bool:
        """Whether the canvases move together."""
        return self._on

    def set_on(self, on: bool) -> None:
        """Let them move together, or each by itself; the second goes where the first is."""
        self._on = on
        self._first.set_echo(None)
        self._second.set_echo(None)
        self.follow()

    def follow(self) -> None:
        """Another image is on screen, or the link is new: the second looks where the first does."""
        self._carry(self._first, self._second)

    def _carry(self, here: ImageCanvas, there: ImageCanvas) -> None:
        if not self._on or self._carrying or here.image_size().isEmpty() or there.image_size().isEmpty():
            return
        self._carrying = True
        if here.is_fitted:
            there.fit()
        else:
            across = there.image_size().width() / here.image_size().width()
            there.look(here.camera.zoom / across, _same_place(here, there, here.middle))
        self._carrying = False

    def _point(self, here: ImageCanvas, there: ImageCanvas, x: float, y: float) -> None:
        here.set_echo(None)
        size = here.image_size()
        inside = 0 <= x < size.width() and 0 <= y < size.height() and not there.image_size().isEmpty()
        there.set_echo(_same_place(here, there, QPointF(x, y)) if self._on and inside else None)


def _same_place(here: ImageCanvas, there: ImageCanvas, at: QPointF) -> QPointF:
    """The place at the same share of the other image's width and height."""
    size, other = here.image_size(), there.image_size()
    return QPointF(at.x() * other.width() / size.width(), at.y() * other.height() / size.height())
