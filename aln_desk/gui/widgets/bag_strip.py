"""A patient's bag as a row of thumbnails, with each image's share where it is known."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QScrollArea, QWidget

from aln_desk.domain.patient import Patient
from aln_desk.gui import theme
from aln_desk.gui.findings import image_names, percent
from aln_desk.gui.thumbnails import Thumbnails
from aln_desk.gui.widgets.marks import paint_bar
from aln_desk.gui.workspace import Workspace

_PICTURE = QSize(150, 84)
_FOOT = 34


class BagTile(QAbstractButton):
    """One image of the bag; ``share`` None draws no bar."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, text=name, checkable=True)
        self.setFixedSize(_PICTURE.width() + 4, _PICTURE.height() + _FOOT + 4)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self._picture: QPixmap | None = None
        self._share: float | None = None
        self._colour = QColor(theme.ACCENT)

    def set_picture(self, picture: QPixmap) -> None:
        """Show this thumbnail, cut to the tile's shape."""
        self._picture = picture.scaled(
            _PICTURE,
            Qt.AspectRatioMode.KeepAspectRatioByExpanding,
            Qt.TransformationMode.SmoothTransformation,
        )
        self.update()

    def set_share(self, share: float | None, colour: QColor) -> None:
        """Show the image's share in the verdict."""
        self._share, self._colour = share, colour
        words = "" if share is None else f", {percent(share)} of the verdict"
        self.setAccessibleName(self.text() + words)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(2, 2, _PICTURE.width(), _PICTURE.height())
        painter.fillRect(frame, QColor(theme.IMAGE_ROOM))
        if self._picture is not None:
            painter.drawPixmap(frame, self._picture, _middle(self._picture))
        self._paint_frame(painter, frame)
        self._paint_foot(painter, QRectF(2, frame.bottom() + 6, frame.width(), _FOOT - 6))

    def _paint_frame(self, painter: QPainter, frame: QRectF) -> None:
        colours = theme.palette()
        lit = self.isChecked() or self.hasFocus()
        colour = colours.accent if lit else (colours.strong_line if self.underMouse() else colours.line)
        painter.setPen(QPen(QColor(colour), 2 if lit else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, 3, 3)

    def _paint_foot(self, painter: QPainter, foot: QRectF) -> None:
        colours = theme.palette()
        font = painter.font()
        font.setPixelSize(12)
        painter.setFont(font)
        painter.setPen(QColor(colours.text))
        painter.drawText(foot, Qt.AlignmentFlag.AlignTop, self.text())
        if self._share is None:
            return
        painter.setPen(QColor(colours.muted))
        painter.drawText(foot, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, percent(self._share))
        paint_bar(painter, QRectF(foot.left(), foot.bottom() - 6, foot.width(), 4), self._share, self._colour)


class BagStrip(QScrollArea):
    """The bag of the patient it is given; ``chosen`` carries the instance's id."""

    chosen = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._thumbnails = Thumbnails(self)
        self._thumbnails.ready.connect(self._show_picture)
        workspace.projectChanged.connect(self._thumbnails.try_again)
        self._tiles: dict[str, BagTile] = {}
        self._images: dict[str, str] = {}
        self.setObjectName("strip")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFixedHeight(_PICTURE.height() + _FOOT + 30)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Images of the patient")

    def show_bag(self, patient: Patient | None) -> None:
        """Show a patient's images in bag order."""
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(12, 8, 12, 4)
        row.setSpacing(8)
        self._tiles = {}
        self._images = {one.id: one.image for one in patient.bag} if patient else {}
        for instance, name in (image_names(patient) if patient else {}).items():
            self._tiles[instance] = BagTile(name)
            self._tiles[instance].clicked.connect(partial(self._choose, instance))
            row.addWidget(self._tiles[instance])
            self._show_picture(self._images[instance])
        row.addStretch(1)
        self.setWidget(content)

    def show_shares(self, shares: dict[str, float], colour: QColor) -> None:
        """Show the shares by instance id; images without one show none."""
        for instance, tile in self._tiles.items():
            tile.set_share(shares.get(instance), colour)

    def mark(self, instance: str) -> None:
        """Mark the image on screen and bring it into view."""
        for name, tile in self._tiles.items():
            tile.setChecked(name == instance)
        if instance in self._tiles:
            self.ensureWidgetVisible(self._tiles[instance])

    def _show_picture(self, image: str) -> None:
        project = self._workspace.project
        if project is None:
            return
        for instance, tile in self._tiles.items():
            if self._images[instance] == image and (picture := self._thumbnails.get(image, project.cache)) is not None:
                tile.set_picture(picture)

    def _choose(self, instance: str, _checked: bool = False) -> None:
        self.mark(instance)
        self.chosen.emit(instance)


def _middle(picture: QPixmap) -> QRectF:
    """The tile-sized middle of a picture that covers the tile."""
    size = picture.size()
    left = (size.width() - _PICTURE.width()) / 2
    top = (size.height() - _PICTURE.height()) / 2
    return QRectF(left, top, _PICTURE.width(), _PICTURE.height())
