"""Where a score lies between 0 and 1, with the threshold that decides and the scores that stay undecided."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from aln_desk.domain.verdict import Undecided, Verdict
from aln_desk.gui import theme

_TOP = 6.0
_THICK = 8.0


class ScoreBar(QWidget):
    """Sky blue where the verdict is negative, grey where it is uncertain, orange where it is positive; a mark at the
    score.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verdict: Verdict | None = None
        self._undecided: Undecided | None = None
        self.setMinimumHeight(38)

    def set_verdict(self, verdict: Verdict, undecided: Undecided | None = None) -> None:
        """Show this verdict's score and threshold, and the scores that its model calls uncertain."""
        self._verdict = verdict
        self._undecided = undecided if undecided and undecided.low < undecided.high else None
        text = f"Score {verdict.score:.2f}, threshold {verdict.threshold:.2f}"
        if self._undecided:
            text += f", uncertain from {self._undecided.low:.2f} to {self._undecided.high:.2f}"
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 38)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._verdict is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_zones(painter, self._verdict.threshold)
        self._paint_mark(painter, self._verdict.score * self.width())
        self._paint_words(painter, self._verdict)

    def _paint_zones(self, painter: QPainter, threshold: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        undecided = self._undecided or Undecided(threshold, threshold, 0.0)
        for colour, low, high in (
            (theme.NEGATIVE, 0.0, undecided.low),
            (theme.UNCERTAIN, undecided.low, undecided.high),
            (theme.POSITIVE, undecided.high, 1.0),
        ):
            left, right = low * self.width(), high * self.width()
            painter.setBrush(QColor(colour).darker(115))
            painter.setClipRect(QRectF(left, 0, right - left - (1 if high < 1 else 0), self.height()))
            painter.drawRoundedRect(QRectF(0, _TOP, self.width(), _THICK), _THICK / 2, _THICK / 2)
        painter.setClipping(False)

    def _paint_mark(self, painter: QPainter, x: float) -> None:
        x = min(max(x, 1.5), self.width() - 1.5)
        painter.setBrush(QColor(theme.palette().text))
        painter.drawRect(QRectF(x - 1.5, _TOP - 4, 3, _THICK + 8))

    def _paint_words(self, painter: QPainter, verdict: Verdict) -> None:
        font = painter.font()
        font.setPixelSize(theme.CAPTION)
        painter.setFont(font)
        painter.setPen(QColor(theme.palette().muted))
        line = QRectF(0, _TOP + _THICK + 6, self.width(), 16)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, "1")
        words, place = f"threshold {verdict.threshold:.2f}", verdict.threshold
        if (range_ := self._undecided) is not None:
            words, place = f"uncertain {range_.low:.2f} to {range_.high:.2f}", (range_.low + range_.high) / 2
        width = painter.fontMetrics().horizontalAdvance(words)
        left = min(max(place * self.width() - width / 2, 16), self.width() - width - 16)
        painter.drawText(QRectF(left, line.top(), width + 2, line.height()), Qt.AlignmentFlag.AlignLeft, words)
