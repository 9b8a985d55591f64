"""The outlines at rest, painted once onto a clear sheet: mended where one changes, pushed along when the view pans.

Thousands of outlines take longer to paint than a frame may take. While such a sheet is zoomed it is stretched, and
painted anew, a few outlines at a time, as soon as the zoom rests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QPainter, QPixmap, QRegion, QTransform

from aln_desk.gui.canvas import paint
from aln_desk.gui.canvas.camera import Camera
from aln_desk.gui.canvas.outlines import Floats, Outline, bounds_of, meeting

HEAVY = 6000
"""So many corners cannot be painted within a frame."""
_REST = 80
"""A zoom rests when it has not changed for this long, in milliseconds."""
_SLICE = 50
"""Outlines painted before the window may answer again."""
_PATCHES = 50
"""With more changed outlines than this, painting everything is as fast."""


class OutlineSheet(QObject):
    """``ready`` says that the sheet looks better than when it was last painted."""

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._outlines: Sequence[Outline] = ()
        self._heavy = False
        self._pixmap: QPixmap | None = None
        self._font = QFont()
        self._camera = Camera()
        self._wanted = Camera()
        self._work: Iterator[QPixmap | None] | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._go_on)

    def show(self, outlines: Sequence[Outline]) -> None:
        """From now on these outlines lie on the sheet."""
        before, self._outlines = self._outlines, outlines
        self._heavy = sum(min(len(outline.corners), 500) for outline in outlines) > HEAVY
        self._stop()
        changed = _changed(before, outlines)
        if self._pixmap is None:
            return
        if changed is None or len(changed) > _PATCHES:
            self._pixmap = None
        elif self._camera != self._wanted:
            self._timer.start(0)  # a few outlines are where they were until the rest is painted anew
        elif changed:
            ratio = self._pixmap.devicePixelRatio()
            self._mend([_device_rect(zone, ratio) for zone in footprints(self._camera, changed)])

    def place(self, camera: Camera, size: QSize, ratio: float, font: QFont) -> None:
        """Make the sheet fit a view of ``size`` logical pixels with ``ratio`` device pixels each."""
        wanted = size * ratio
        if self._pixmap is not None and (self._pixmap.size() != wanted or self._pixmap.devicePixelRatio() != ratio):
            self._pixmap = None
        self._font, self._wanted = font, camera
        if self._pixmap is None:
            self._pixmap = _clear(wanted.width(), wanted.height(), ratio)
            self._camera = camera
            self._stop()
            self._mend([self._pixmap.rect()])
        elif camera != self._camera and not self._pushed(camera):
            self._zoom(camera)

    def paint(self, painter: QPainter) -> None:
        """The sheet as it is, stretched where it waits to be painted anew."""
        if self._pixmap is None or not self._outlines:
            return
        if self._camera == self._wanted:
            painter.drawPixmap(0, 0, self._pixmap)
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(_from_to(self._camera, self._wanted), True)
        painter.drawPixmap(0, 0, self._pixmap)
        painter.restore()

    # Ways to follow the camera

    def _pushed(self, camera: Camera) -> bool:
        """Follow a pan by pushing what is painted; False where the way is not one of whole pixels."""
        sheet = self._pixmap
        if sheet is None or camera.zoom != self._camera.zoom:
            return False
        ratio = sheet.devicePixelRatio()
        across, down = (camera.x - self._camera.x) * ratio, (camera.y - self._camera.y) * ratio
        if abs(across - round(across)) > 1e-6 or abs(down - round(down)) > 1e-6:
            return False
        sheet.scroll(round(across), round(down), sheet.rect())
        self._camera = camera
        self._stop()
        self._mend(_bare(sheet.rect(), round(across), round(down)))
        return True

    def _zoom(self, camera: Camera) -> None:
        if self._heavy:
            self._work = None
            self._timer.start(_REST)
        elif self._pixmap is not None:
            self._camera = camera
            self._mend([self._pixmap.rect()])

    def _go_on(self) -> None:
        """Paint the next few outlines of the sheet that is to come."""
        if self._work is None:
            self._work = self._painted_anew()
        finished = next(self._work)
        if finished is None:
            self._timer.start(0)
            return
        self._pixmap, self._camera, self._work = finished, self._wanted, None
        self.ready.emit()

    def _stop(self) -> None:
        self._timer.stop()
        self._work = None

    # Painting

    def _mend(self, patches: Sequence[QRect]) -> None:
        """Wipe some rectangles (device pixels) of the sheet and paint what lies in them."""
        sheet = self._pixmap
        if sheet is None or not patches:
            return
        ratio = sheet.devicePixelRatio()
        painter = QPainter(sheet)
        painter.setTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
        painter.setClipRegion(_region(patches))
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.fillRect(sheet.rect(), Qt.GlobalColor.transparent)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.resetTransform()
        for work in self._steps(self._camera, [_logical(patch, ratio) for patch in patches]):
            work(painter)
        painter.end()

    def _painted_anew(self) -> Iterator[QPixmap | None]:
        """None after each few outlines, at last the finished sheet."""
        if self._pixmap is None:
            return
        ratio = self._pixmap.devicePixelRatio()
        sheet = _clear(self._pixmap.width(), self._pixmap.height(), ratio)
        for work in self._steps(self._wanted, [_logical(sheet.rect(), ratio)]):
            painter = QPainter(sheet)
            work(painter)
            painter.end()
            yield None
        yield sheet

    def _steps(self, camera: Camera, zones: Sequence[QRectF]) -> Iterator[Callable[[QPainter], None]]:
        """How what lies in some zones (widget pixels) is painted, a few outlines a step, words above all lines."""
        reached = footprints(camera, self._outlines)
        found = sorted({index for zone in zones for index in meeting(reached, zone)})
        there = [self._outlines[index] for index in found]
        for paint_some in (_paint_lines, _paint_words):
            for start in range(0, len(there), _SLICE):
                yield partial(paint_some, camera, self._font, there[start : start + _SLICE])


def footprints(camera: Camera, outlines: Sequence[Outline]) -> Floats:
    """(N, 4) left, top, right, bottom of what each outline covers with its line and its word, in widget pixels."""
    left, top, right, bottom = (bounds_of(outlines) * camera.zoom + (camera.x, camera.y, camera.x, camera.y)).T
    letters = np.array([len(outline.shape.label) for outline in outlines], np.float64)
    worded = np.maximum(right - left, bottom - top) >= paint.LABEL_ROOM
    end = np.where(worded, left + letters * paint.WIDEST_LETTER + paint.MARGIN, right)
    above = np.where(worded, paint.LABEL_RISE, paint.MARGIN)
    return np.stack([left - paint.MARGIN, top - above, np.maximum(right, end) + paint.MARGIN, bottom + paint.MARGIN], 1)


def _paint_lines(camera: Camera, font: QFont, outlines: Sequence[Outline], painter: QPainter) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.save()
    painter.setTransform(camera.transform(), True)
    for outline in outlines:
        paint.paint_outline(painter, outline)
    painter.restore()


def _paint_words(camera: Camera, font: QFont, outlines: Sequence[Outline], painter: QPainter) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    paint.paint_labels(painter, camera, outlines)


def _changed(before: Sequence[Outline], after: Sequence[Outline]) -> list[Outline] | None:
    """What came or went; None where the order of what stayed is another."""
    known, wanted = set(before), set(after)
    if [outline for outline in before if outline in wanted] != [outline for outline in after if outline in known]:
        return None
    return [*(known - wanted), *(wanted - known)]


def _bare(sheet: QRect, across: int, down: int) -> list[QRect]:
    """What a push leaves bare: a strip at one side, one above or below."""
    beside = QRect(0 if across > 0 else sheet.width() + across, 0, abs(across), sheet.height())
    above = QRect(0, 0 if down > 0 else sheet.height() + down, sheet.width(), abs(down))
    return [strip & sheet for strip in (beside, above) if not strip.isEmpty()]


def _region(patches: Sequence[QRect]) -> QRegion:
    region = QRegion()
    for patch in patches:
        region |= QRegion(patch)
    return region


def _logical(rect: QRect, ratio: float) -> QRectF:
    return QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)


def _device_rect(zone: Floats, ratio: float) -> QRect:
    """A row of `footprints` in device pixels."""
    left, top, right, bottom = (float(edge) * ratio for edge in zone)
    return QRectF(left, top, right - left, bottom - top).toAlignedRect()


def _clear(width: int, height: int, ratio: float) -> QPixmap:
    sheet = QPixmap(width, height)
    sheet.setDevicePixelRatio(ratio)
    sheet.fill(Qt.GlobalColor.transparent)
    return sheet


def _from_to(before: Camera, after: Camera) -> QTransform:
    """Widget pixels of one camera to those of another."""
    scale = after.zoom / before.zoom
    return QTransform(scale, 0, 0, scale, after.x - before.x * scale, after.y - before.y * scale)
