"""A few held-out images through a training, step by step: what the network saw in them then, and sees now."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from aln_desk.domain.cam_scale import cam_colours, cam_scale
from aln_desk.domain.errors import BadFile
from aln_desk.domain.messages import SnapshotTaken
from aln_desk.gui import tasks, theme
from aln_desk.gui.canvas import colours
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.overlay_row import OVERLAYS, SWATCH
from aln_desk.gui.widgets.snapshot_tile import FOOT, Picture, SnapshotTile, make_pictures, strongest
from aln_desk.io import snapshots

MOST = 6
"""So many images at most are shown."""
_PLAY_MS = 500
_GAP = 8
_LEAST = 122
_LARGE = 720
_BAR = 72
"""Width of the CAM's bar, in widget pixels."""


class SnapshotPanel(QWidget):
    """Hidden while a run has no pictures. While a run goes on, its newest pictures are followed until the slider is
    moved away from its end."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.files: list[Path] = []
        self.tiles: list[SnapshotTile] = []
        self._folder: Path | None = None
        self._cam_top: float | None = None
        self._masks = True
        self._asked = 0
        self._large: tuple[QDialog, SnapshotTile, int] | None = None
        self.overlays = {overlay.name: _overlay_box(overlay.words, overlay.colour) for overlay in OVERLAYS}
        self.scale = CamBar()
        self.step = label("", "muted")
        self.play = button("Play", "quiet", "Show the steps one after another")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step of the pictures")
        self.strip = _Strip()
        self._timer = QTimer(self, interval=_PLAY_MS)
        self._lay_out()
        self._connect()
        self.hide()

    def show_run(self, folder: Path | None, masks: bool = True) -> None:
        """Show a run's newest pictures; without ``masks`` its network draws none, so that no overlap is told."""
        self._folder, self._cam_top, self._masks = folder, None, masks
        self.overlays["predicted"].setVisible(masks)
        self._stop()
        if self._large is not None:
            self._large[0].close()
        self._take_files([])
        if folder is not None:
            tasks.run(partial(snapshots.listed, folder), partial(self._take_listed, folder))

    def add(self, message: SnapshotTaken) -> None:
        """New pictures of the run that is shown."""
        if self._folder is None or (path := self._folder / message.file) in self.files:
            return
        newest = self.slider.value() == self.slider.maximum()
        self._take_files([*self.files, path], follow=newest)

    def _take_listed(self, folder: Path, files: list[Path]) -> None:
        if folder == self._folder:
            self._take_files(sorted({*files, *self.files}))  # one may have come since the folder was listed

    def _take_files(self, files: list[Path], follow: bool = True) -> None:
        self.files = files
        self.setVisible(bool(files))
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(len(files) - 1, 0))
        if follow:
            self.slider.setValue(self.slider.maximum())
        self.slider.blockSignals(False)
        self.slider.setEnabled(len(files) > 1)
        self.play.setEnabled(len(files) > 1)
        if files and (follow or not self.tiles):
            self._load()

    def _load(self) -> None:
        """Read the pictures beside the window's thread; the last ones asked for are shown."""
        self._asked += 1
        place = self.slider.value()
        top = self._cam_top if place < len(self.files) - 1 else None
        tasks.run(
            partial(_read, self.files[place], top, self._masks),
            partial(self._take, self._asked, place),
            partial(self._miss, self._asked, place),
        )

    def _take(self, asked: int, place: int, found: tuple[int, list[Picture], float]) -> None:
        if asked != self._asked or not self.files:
            return
        step, pictures, top = found
        self._cam_top = top
        self.scale.show_top(top)
        self._tell(f"Step {step:,}", place)
        self._show(pictures[:MOST])

    def _miss(self, asked: int, place: int, error: Exception) -> None:
        if not isinstance(error, BadFile):
            raise error
        if asked == self._asked and self.files:
            self._tell("These pictures cannot be read", place)

    def _tell(self, words: str, place: int) -> None:
        self.step.setText(f"{words} · {place + 1} of {len(self.files)}")

    def _show(self, pictures: list[Picture]) -> None:
        if len(pictures) != len(self.tiles):
            self.tiles = [SnapshotTile() for _ in pictures]
            self.strip.show_tiles(self.tiles)
            for place, tile in enumerate(self.tiles):
                tile.clicked.connect(partial(self._enlarge, place))
                self._dress(tile)
        for tile, picture in zip(self.tiles, pictures, strict=True):
            tile.show_picture(picture)
        if self._large is not None and self._large[2] < len(pictures):
            self._large[1].show_picture(pictures[self._large[2]])

    def _enlarge(self, place: int) -> None:
        """One image in a window of its own, which follows the slider too."""
        picture = self.tiles[place].picture
        if picture is None:
            return
        dialog, tile = QDialog(self), SnapshotTile()
        dialog.setWindowTitle(picture.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = QVBoxLayout(dialog)
        column.addWidget(tile)
        dialog.resize(_LARGE, _LARGE + FOOT)
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        tile.show_picture(picture)
        tile.clicked.connect(dialog.close)
        self._dress(tile)
        self._large = dialog, tile, place
        dialog.finished.connect(self._forget_large)
        dialog.show()

    def _forget_large(self) -> None:
        self._large = None

    def _dress(self, tile: SnapshotTile) -> None:
        for name, box in self.overlays.items():
            tile.set_overlay(name, box.isChecked())

    def _switch(self) -> None:
        for tile in self.tiles + ([self._large[1]] if self._large else []):
            self._dress(tile)
        self.scale.setVisible(self.overlays["cam"].isChecked())

    def _press_play(self) -> None:
        if self._timer.isActive():
            self._stop()
            return
        if self.slider.value() == self.slider.maximum():
            self.slider.setValue(0)
        self.play.setText("Pause")
        self._timer.start()

    def _go_on(self) -> None:
        self.slider.setValue(self.slider.value() + 1)
        if self.slider.value() == self.slider.maximum():
            self._stop()

    def _stop(self) -> None:
        self._timer.stop()
        self.play.setText("Play")

    def _connect(self) -> None:
        self.slider.valueChanged.connect(self._load)
        self.slider.sliderPressed.connect(self._stop)
        self.play.clicked.connect(self._press_play)
        self._timer.timeout.connect(self._go_on)
        for box in self.overlays.values():
            box.toggled.connect(self._switch)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(label("Held-out images", "heading"))
        row.addSpacing(4)
        for box in self.overlays.values():
            row.addWidget(box)
        row.addWidget(self.scale)
        row.addStretch(1)
        row.addWidget(self.step)
        row.addWidget(self.play)
        row.addWidget(self.slider)
        self.slider.setMinimumWidth(80)
        self.slider.setMaximumWidth(140)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.strip, 1)


class CamBar(QWidget):
    """The CAM's colours from one end of their scale to the other, in logits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ends = ("", "")
        self._font = theme.body_font()
        self._font.setPixelSize(theme.CAPTION)

    def show_top(self, top: float) -> None:
        """The scale that holds ``top`` logits."""
        end = f"{cam_scale(top).top:g}"
        self._ends = (f"−{end}", f"+{end} logits")
        self.setToolTip(f"CAM: evidence for a positive status, up to {end} logits (orange), and against it (blue)")
        left, right = self._widths()
        self.setFixedSize(left + _BAR + right + 10, 16)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._font)
        middle = Qt.AlignmentFlag.AlignVCenter
        left, right = self._widths()
        painter.drawText(QRectF(0, 0, left + 1, 16), middle, self._ends[0])
        painter.drawImage(QRectF(left + 4, 4, _BAR, 8), colours.to_qimage(cam_colours()[None]))
        painter.drawText(QRectF(left + _BAR + 8, 0, right + 1, 16), middle, self._ends[1])

    def _widths(self) -> tuple[int, int]:
        """Of the words at both ends."""
        measure = QFontMetrics(self._font).horizontalAdvance
        return measure(self._ends[0]), measure(self._ends[1])


class _Strip(QWidget):
    """Tiles in as many rows as make them largest."""

    def __init__(self) -> None:
        super().__init__()
        self._tiles: list[SnapshotTile] = []
        self.setMinimumHeight(_LEAST + FOOT)

    def show_tiles(self, tiles: list[SnapshotTile]) -> None:
        for tile in self._tiles:
            tile.deleteLater()
        self._tiles = tiles
        for tile in tiles:
            tile.setParent(self)
            tile.show()
        self._place()

    def sizeHint(self) -> QSize:
        return QSize(MOST * (132 + _GAP), 132 + FOOT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        if not self._tiles:
            return
        side, columns = max((_side(self.size(), len(self._tiles), n), n) for n in range(1, len(self._tiles) + 1))
        for place, tile in enumerate(self._tiles):
            row, column = divmod(place, columns)
            tile.setGeometry(column * (side + _GAP), row * (side + FOOT + _GAP), side, side + FOOT)


def _side(room: QSize, count: int, columns: int) -> int:
    """Of the square images, where ``columns`` stand beside each other."""
    rows = -(-count // columns)
    across = (room.width() - (columns - 1) * _GAP) // columns
    return max(min(across, (room.height() - (rows - 1) * _GAP) // rows - FOOT), 1)


def _read(path: Path, cam_top: float | None, masks: bool) -> tuple[int, list[Picture], float]:
    """Step, pictures and the top of the CAM's scale: the one given, else that of these pictures."""
    snapshot = snapshots.read(path)
    top = strongest(snapshot) if cam_top is None else cam_top
    return snapshot.step, make_pictures(snapshot, top, masks), top


def _overlay_box(words: str, colour: str) -> QCheckBox:
    box = QCheckBox(words)
    box.setChecked(True)
    box.setStyleSheet(SWATCH.format(colour=colour, faint=colour))
    return box
