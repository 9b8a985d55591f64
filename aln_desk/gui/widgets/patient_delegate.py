"""How one patient looks in the list beside the image: two painted lines, no widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from aln_desk.domain.patient import Instance, View
from aln_desk.domain.trained_on import Seen
from aln_desk.gui import theme
from aln_desk.gui.findings import OUTCOME_WORDS
from aln_desk.gui.query import PatientRow
from aln_desk.gui.widgets.marks import paint_bar, paint_dot, verdict_colour
from aln_desk.gui.widgets.patient_model import ROW

TILE = QSize(36, 26)
"""Size of a bag's picture on screen."""

_MOST = 6
_LINE = 32.0
_HEIGHT = 68
_BAR = 34.0
_GAP = 8.0
_MARGIN = 12.0
_PLATE = QColor(0, 0, 0, 190)
_LETTER = QColor("#e6e8ec")
_MARKED = (Seen.FITTED, Seen.HELD_OUT)
"""Said in the list, where a patient that is new to the model is what one expects."""


class PatientDelegate(QStyledItemDelegate):
    """First what the model says, below it the bag and the outcome. ``picture`` gives an image's thumbnail, if ready."""

    def __init__(self, picture: Callable[[str], QPixmap | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.outcomes = True
        self._picture = picture

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, _HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: PatientRow = index.data(ROW)
        rect = QRectF(option.rect)
        painter.save()
        _paint_ground(painter, rect, option.state)
        first = QRectF(rect.left(), rect.top() + 3, rect.width(), _LINE)
        _paint_verdict(painter, first, row)
        second = QRectF(rect.left() + _MARGIN, first.bottom(), rect.width() - 2 * _MARGIN + 2, TILE.height())
        painter.setFont(_small(painter.font(), theme.CAPTION))
        if self.outcomes:
            _paint_at_right(painter, second, OUTCOME_WORDS[row.patient.outcome])
        if row.verdict is not None and row.verdict.seen in _MARKED:
            _paint_at_right(painter, second, row.verdict.seen.words)
        self._paint_bag(painter, second, row.patient.bag)
        painter.restore()

    def _paint_bag(self, painter: QPainter, rect: QRectF, bag: Sequence[Instance]) -> None:
        """As many pictures as fit, and how many more there are."""
        step = TILE.width() + 3
        fitting = tiles_fitting(rect.width(), len(bag), step, painter.fontMetrics().horizontalAdvance("+00"))
        if left := len(bag) - fitting:
            painter.setPen(QColor(theme.palette().muted))
            more = rect.adjusted(fitting * step + 2, 0, 0, 0)
            painter.drawText(more, Qt.AlignmentFlag.AlignVCenter, f"+{left}")
        for place, instance in enumerate(bag[:fitting]):
            tile = QRectF(rect.left() + place * step, rect.top(), TILE.width(), TILE.height())
            self._paint_tile(painter, tile, instance)

    def _paint_tile(self, painter: QPainter, tile: QRectF, instance: Instance) -> None:
        painter.fillRect(tile, QColor(theme.IMAGE_ROOM))
        if (picture := self._picture(instance.image)) is not None:
            painter.drawPixmap(tile, picture, QRectF(picture.rect()))
        if instance.view is View.NODE:
            corner = QRectF(tile.right() - 11, tile.bottom() - 12, 11, 12)
            painter.fillRect(corner, _PLATE)
            painter.save()
            painter.setFont(_small(painter.font(), 9))
            painter.setPen(_LETTER)
            painter.drawText(corner, Qt.AlignmentFlag.AlignCenter, "N")
            painter.restore()


def tiles_fitting(width: float, count: int, step: float, more: float) -> int:
    """How many of ``count`` pictures, each ``step`` wide, a line shows: at most six, with room for "+2" if needed."""
    most = min(_MOST, int((width + 3) // step))
    return count if count <= most else max(0, min(_MOST, int((width - more) // step)))


def _paint_ground(painter: QPainter, rect: QRectF, state: QStyle.StateFlag) -> None:
    colours = theme.palette()
    if state & QStyle.StateFlag.State_Selected:
        painter.fillRect(rect, QColor(colours.selection))
        painter.fillRect(QRectF(rect.left(), rect.top(), 3, rect.height()), QColor(colours.accent))
    elif state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(rect, QColor(colours.raised))


def _paint_at_right(painter: QPainter, rect: QRectF, words: str) -> None:
    """Words at the right end, which is theirs from now on."""
    painter.setPen(QColor(theme.palette().muted))
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, words)
    rect.setRight(rect.right() - painter.fontMetrics().horizontalAdvance(words) - _GAP)


def _paint_verdict(painter: QPainter, rect: QRectF, row: PatientRow) -> None:
    """From the right: state, bag, score and bar have the room their widest words need; the rest is the name's."""
    decision = row.verdict.decision if row.verdict else None
    paint_dot(painter, QPointF(rect.left() + 18, rect.center().y()), decision)
    colours, widths = theme.palette(), painter.fontMetrics().horizontalAdvance
    middle = Qt.AlignmentFlag.AlignVCenter
    state, bag, score = (rect.adjusted(0, 0, -10, 0) for _ in range(3))
    state.setLeft(state.right() - widths("to read"))
    bag.setRight(state.left() - _GAP)
    bag.setLeft(bag.right() - widths("00 · 0"))
    score.setRight(bag.left() - _GAP)
    score.setLeft(score.right() - widths("0.00"))
    bar = QRectF(score.left() - _GAP - _BAR, rect.center().y() - 2, _BAR, 4)
    name = rect.adjusted(32, 0, 0, 0)
    name.setRight((bar if row.verdict else bag).left() - _GAP)
    painter.setPen(QColor(colours.text))
    shown = painter.fontMetrics().elidedText(row.patient.id, Qt.TextElideMode.ElideMiddle, int(name.width()))
    painter.drawText(name, middle, shown)
    if row.verdict is not None:
        paint_bar(painter, bar, row.verdict.score, verdict_colour(row.verdict.decision))
        painter.drawText(score, middle, f"{row.verdict.score:.2f}")
    painter.setPen(QColor(colours.muted))
    painter.drawText(bag, middle, f"{row.patient.count(View.TUMOUR)} · {row.patient.count(View.NODE)}")
    painter.drawText(state, middle | Qt.AlignmentFlag.AlignRight, "signed" if row.signed else "to read")


def _small(font: QFont, pixels: int) -> QFont:
    smaller = QFont(font)
    smaller.setPixelSize(pixels)
    return smaller
