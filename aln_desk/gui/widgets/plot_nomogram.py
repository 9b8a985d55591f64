"""A nomogram to work with: set each variable on its axis, read the total of points and the probability."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from aln_desk.domain.patient import variable_words
from aln_desk.gui import theme
from aln_desk.gui.widgets import plot_axes
from aln_desk.stats.nomogram import IMAGE, LONGEST, Axis, Nomogram, Tick

_LEFT, _RIGHT, _EDGE = 150.0, 150.0, 6.0
_ROW, _LEAST_ROW, _MOST_ROW = 46, 36, 60
_TICK, _DOT = 5.0, 5.0
_FINE = 10
"""Steps between two marks of a number."""
_NONE = Nomogram((), (), (), 1.0, 0.0)


class NomogramView(QWidget):
    """``changed`` says that another value was set. Axes of numbers can be set between their marks."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.nomogram = _NONE
        self.continuous: Collection[str] = ()
        self.points: list[float] = []
        """What is set on each variable's axis."""
        self.axis = 0
        """The variable that keys move."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Nomogram")
        self.setToolTip("Click an axis to set its variable; arrow keys choose a variable and move it")

    def sizeHint(self) -> QSize:
        return QSize(620, round((len(self.nomogram.axes) + 3) * _ROW + 2 * _EDGE))

    def minimumSizeHint(self) -> QSize:
        return QSize(420, round((len(self.nomogram.axes) + 3) * _LEAST_ROW + 2 * _EDGE))

    def show_nomogram(self, nomogram: Nomogram, continuous: Collection[str]) -> None:
        """Show these axes; what was set stays where the variables are the same, else all are at 0 points.

        ``continuous`` names the variables that are numbers.
        """
        if [axis.variable for axis in nomogram.axes] != [axis.variable for axis in self.nomogram.axes]:
            self.points, self.axis = [min(tick.points for tick in axis.ticks) for axis in nomogram.axes], 0
        self.nomogram, self.continuous = nomogram, continuous
        self.points = [self._on(place, at) for place, at in enumerate(self.points)]
        self.updateGeometry()
        self._tell()

    @property
    def total(self) -> float:
        """Points of all variables as they are set."""
        return sum(self.points)

    @property
    def probability(self) -> float:
        """What goes with the total."""
        return self.nomogram.probability_at(self.total)

    def set_points(self, place: int, points: float) -> None:
        """Set a variable (its place from the top) to the value at or nearest to these points."""
        self.axis, self.points[place] = place, self._on(place, points)
        self._tell()
        self.changed.emit()

    def value(self, place: int) -> str:
        """The value a variable is set to."""
        axis, points = self.nomogram.axes[place], self.points[place]
        if axis.variable in self.continuous and len(axis.ticks) > 1:
            first, last = axis.ticks[0], axis.ticks[-1]
            share = (points - first.points) / (last.points - first.points)
            return f"{float(first.label) + share * (float(last.label) - float(first.label)):.4g}"
        return min(axis.ticks, key=lambda tick: abs(tick.points - points)).label

    def line(self, row: int) -> QRectF:
        """Where the axis of a row lies: the points, each variable, the total, the probability."""
        room = (self.height() - 2 * _EDGE) / (len(self.nomogram.axes) + 3)
        high = min(room, _MOST_ROW)
        top = _EDGE + row * high
        return QRectF(_LEFT, top + high * 0.42, max(1.0, self.width() - _LEFT - _RIGHT), 0)

    def across(self, row: int, points: float) -> float:
        """Pixels from the left of so many points on the axis of a row."""
        line = self.line(row)
        return line.left() + points / self._most(row) * line.width()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.nomogram.axes:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        count = len(self.nomogram.axes)
        marks = [Tick(str(at), float(at)) for at in range(0, int(LONGEST) + 1, 10)]
        if self.hasFocus():
            self._paint_focus(painter)
        self._paint_axis(painter, 0, "Points", marks, "")
        for place, axis in enumerate(self.nomogram.axes):
            self._paint_link(painter, place)
            said = f"{self.value(place)}: {self.points[place]:.0f} points"
            self._paint_axis(painter, place + 1, _title(axis), axis.ticks, said)
            self._paint_dot(painter, place + 1, self.points[place])
        self._paint_axis(painter, count + 1, "Total points", self.nomogram.total, f"{self.total:.0f} points", True)
        likely = [tick for tick in self.nomogram.probability if 0 <= tick.points <= self._most(count + 2)]
        said = f"{self.probability:.3f}"
        self._paint_axis(painter, count + 2, "Probability", likely, said, True)
        for row in (count + 1, count + 2):
            self._paint_pointer(painter, row)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._take(event, True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A pressed pointer drags the value."""
        self._take(event, False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, count = Qt.Key(event.key()), len(self.nomogram.axes)
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and count:
            self.axis = min(max(self.axis + (1 if key == Qt.Key.Key_Down else -1), 0), count - 1)
            self.update()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and count:
            self._step(1 if key == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)

    def _take(self, event: QMouseEvent, press: bool) -> None:
        count = len(self.nomogram.axes)
        if not count or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        at = event.position()
        if press:
            row = min(range(count + 3), key=lambda row: abs(self.line(row).top() - at.y()))
            if not 1 <= row <= count:
                return
            self.axis = row - 1
        line = self.line(self.axis + 1)
        self.set_points(self.axis, (at.x() - line.left()) / line.width() * LONGEST)

    def _step(self, by: int) -> None:
        stops = self._stops(self.axis)
        place = bisect_left(stops, self.points[self.axis] - 1e-6) + by
        self.set_points(self.axis, stops[min(max(place, 0), len(stops) - 1)])

    def _stops(self, place: int) -> list[float]:
        """Points of all values that a variable can be set to, from left to right."""
        axis = self.nomogram.axes[place]
        marks = sorted(tick.points for tick in axis.ticks)
        if axis.variable not in self.continuous or len(marks) < 2:
            return marks
        steps = _FINE * (len(marks) - 1)
        return [marks[0] + (marks[-1] - marks[0]) * step / steps for step in range(steps + 1)]

    def _on(self, place: int, points: float) -> float:
        return min(self._stops(place), key=lambda stop: abs(stop - points))

    def _most(self, row: int) -> float:
        """Points at the right end of a row's axis."""
        return LONGEST if row <= len(self.nomogram.axes) else self.nomogram.total[-1].points

    def _tell(self) -> None:
        said = [f"{_title(axis)} {self.value(place)}" for place, axis in enumerate(self.nomogram.axes)]
        words = f"total {self.total:.0f} points, probability {self.probability:.3f}" if said else ""
        self.setAccessibleDescription(", ".join([*said, words]))
        self.update()

    def _paint_focus(self, painter: QPainter) -> None:
        line = self.line(self.axis + 1)
        high = self.line(1).top() - self.line(0).top()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.palette().selection))
        painter.drawRoundedRect(QRectF(2, line.top() - high * 0.4, self.width() - 4, high * 0.94), 4, 4)

    def _paint_link(self, painter: QPainter, place: int) -> None:
        """From a variable's value up to its points."""
        at = self.across(place + 1, self.points[place])
        painter.setPen(QPen(QColor(theme.palette().strong_line), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(at, self.line(0).top()), QPointF(at, self.line(place + 1).top()))

    def _paint_axis(
        self, painter: QPainter, row: int, title: str, ticks: Sequence[Tick], said: str, strong: bool = False
    ) -> None:
        colours, line = theme.palette(), self.line(row)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(plot_axes.caption())
        painter.setPen(QColor(colours.text))
        painter.drawText(QRectF(8, line.top() - 10, _LEFT - 20, 20), middle, plot_axes.short(title, _LEFT - 20))
        painter.setFont(plot_axes.caption(bold=strong))
        painter.drawText(
            QRectF(line.right() + 16, line.top() - 10, _RIGHT - 20, 20),
            middle,
            plot_axes.short(said, _RIGHT - 20, strong),
        )
        painter.setFont(plot_axes.caption())
        ordered = sorted(ticks, key=lambda tick: tick.points)
        if not ordered:
            return
        painter.setPen(QPen(QColor(colours.muted), 1))
        ends = [self.across(row, ordered[place].points) for place in (0, -1)]
        painter.drawLine(QPointF(ends[0], line.top()), QPointF(ends[1], line.top()))
        self._paint_ticks(painter, row, ordered)

    def _paint_ticks(self, painter: QPainter, row: int, ticks: Sequence[Tick]) -> None:
        """Words below the axis, above it where two would touch; where both would, none."""
        free = {True: -1e9, False: -1e9}
        metrics, y = QFontMetricsF(plot_axes.caption()), self.line(row).top()
        numbers = not 1 <= row <= len(self.nomogram.axes) or self.nomogram.axes[row - 1].variable in self.continuous
        for tick in ticks:
            at, half = self.across(row, tick.points), metrics.horizontalAdvance(tick.label) / 2
            below = next((side for side in ((True,) if numbers else (True, False)) if at - half > free[side] + 5), None)
            up = below is False
            painter.drawLine(QPointF(at, y), QPointF(at, y + (-_TICK if up else _TICK)))
            if below is not None:
                free[below] = at + half
                box = QRectF(at - half - 4, y - _TICK - 14 if up else y + _TICK, 2 * half + 8, 14)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tick.label)

    def _paint_dot(self, painter: QPainter, row: int, points: float) -> None:
        painter.setPen(QPen(QColor(theme.palette().raised), 1.5))
        painter.setBrush(QColor(theme.palette().accent))
        painter.drawEllipse(QPointF(self.across(row, points), self.line(row).top()), _DOT, _DOT)

    def _paint_pointer(self, painter: QPainter, row: int) -> None:
        """A triangle at the total, or at the end of the axis where the total lies beyond it."""
        at, y = self.across(row, min(self.total, self._most(row))), self.line(row).top()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.palette().accent))
        painter.drawPolygon(QPolygonF([QPointF(at, y), QPointF(at - 6, y - 10), QPointF(at + 6, y - 10)]))


def _title(axis: Axis) -> str:
    return "Images (logit)" if axis.variable == IMAGE else variable_words(axis.variable)
