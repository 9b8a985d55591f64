"""What lies on Evaluate's cards: one picture for each cohort, side by side, and the patients behind what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.tables.subgroup_table import Subgroup
from aln_desk.gui.pages import evaluation_behind as behind
from aln_desk.gui.pages.evaluation_behind import Behind
from aln_desk.gui.pages.evaluation_board import Board
from aln_desk.gui.pages.evaluation_curves import AllBands, Plot
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.plot_confusion import NAMES, Matrix, MatrixGrid
from aln_desk.gui.widgets.plot_delong import DelongView, Squares
from aln_desk.gui.widgets.plot_forest import Branch, ForestView
from aln_desk.gui.widgets.plot_key import Key
from aln_desk.gui.widgets.plot_lines import LinePlot
from aln_desk.gui.widgets.setting_editor import keep_from_wheel

_SQUARE = 10
"""How much wider than high a plot is whose axes are of equal length."""
_WIDEST_BOX = 420
_ANY = 16777215
"""Qt's word for no limit."""


class Body(QWidget):
    """``chosen`` carries a `Behind`, ``entered`` asks for the list of its patients; ``lookedAt`` carries the key of the
    scorer whose subgroups are asked for.
    """

    chosen = Signal(object)
    entered = Signal()
    lookedAt = Signal(str)
    least = 380
    """Pixels that one cohort's picture wants in width before another stands beside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.board: Board | None = None
        self.cohorts: tuple[str, ...] = ()
        self.pictures: list[QWidget] = []
        self._headings: list[QLabel] = []
        self._columns = 0
        self.head = QHBoxLayout()
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self.head)
        column.addLayout(self._grid, 1)

    def show_board(self, board: Board, bands: AllBands, cohorts: Sequence[str]) -> None:
        """Show these cohorts; pictures of as many cohorts as before keep their places and what is chosen in them."""
        self.board = board
        if len(cohorts) != len(self.pictures):
            self._rebuild(cohorts)
        self.cohorts = tuple(cohorts)
        for name, heading, picture in zip(cohorts, self._headings, self.pictures, strict=True):
            heading.setText(f"{name} · {len(board.results.patients[name])} patients")
            heading.setVisible(len(cohorts) > 1)
            self.fill(picture, board, bands, name)
        self._arrange()

    def forget_choice(self, but: QWidget | None = None) -> None:
        """Nothing is chosen here any more, but for what is chosen in one picture."""
        for picture in self.pictures:
            if picture is not but:
                self.unmark(picture)

    def make(self, place: int) -> QWidget:
        """A picture for the cohort at this place."""
        raise NotImplementedError

    def fill(self, picture: QWidget, board: Board, bands: AllBands, cohort: str) -> None:
        """Show one cohort in its picture."""
        raise NotImplementedError

    def unmark(self, picture: QWidget) -> None:
        """Take the mark of what was chosen away."""
        raise NotImplementedError

    def tell(self, found: Behind, picture: QWidget) -> None:
        """Something was chosen in a picture."""
        self.forget_choice(picture)
        self.chosen.emit(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter on a picture that has nothing to choose by it goes on to the patients."""
        focus = self.focusWidget()
        here = focus is not None and any(one is focus or one.isAncestorOf(focus) for one in self.pictures)
        if here and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _rebuild(self, cohorts: Sequence[str]) -> None:
        for old in (*self._headings, *self.pictures):
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._headings = [label("", "heading") for _ in cohorts]
        self.pictures = [self.make(place) for place in range(len(cohorts))]
        self._columns = 0
        self._arrange()

    def _arrange(self) -> None:
        columns = max(1, min(len(self.pictures), self.width() // self.least))
        if columns == self._columns:
            return
        self._columns = columns
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, 0)
        for place, (heading, picture) in enumerate(zip(self._headings, self.pictures, strict=True)):
            row, column = divmod(place, columns)
            self._grid.addWidget(heading, 2 * row, column)
            self._grid.addWidget(picture, 2 * row + 1, column)
            self._grid.setRowStretch(2 * row + 1, 1)


class _Curves(QWidget):
    """A plot with its key beside it, or below it where the plot is larger so."""

    def __init__(self, name: str, plot: Plot) -> None:
        super().__init__()
        self.plot = LinePlot(name, plot.axes)
        self.key = Key()
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self.plot, 5)
        self._row.addWidget(self.key, 3)
        self._row.addStretch(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width, height, key = self.width(), self.height(), self.key.minimumSizeHint()
        high = min(width, height - key.height()) > min(width - key.width(), height)
        self._row.setDirection(QBoxLayout.Direction.TopToBottom if high else QBoxLayout.Direction.LeftToRight)
        self._row.setStretch(1, 0 if high else 3)
        wanted = min(self.key.sizeHint().height(), height // 4)
        self.key.setMaximumHeight(max(key.height(), wanted, height - width) if high else _ANY)
        square = self.plot.axes.square
        self.plot.setMaximumWidth(max(200, self.height() + _SQUARE) if square and not high else _ANY)
        self.plot.setMaximumHeight(max(200, self.width() - _SQUARE) if square and high else _ANY)


class CurvesBody(Body):
    """One of the four plots."""

    def __init__(self, name: str, plot: Plot, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._plot = name, plot

    def make(self, place: int) -> QWidget:
        made = _Curves(self._name, self._plot)
        made.plot.pointChosen.connect(partial(self._take, place))
        return made

    def fill(self, picture: QWidget, board: Board, bands: AllBands, cohort: str) -> None:
        assert isinstance(picture, _Curves)
        picture.plot.show_lines(self._plot.lines(board, bands, cohort), self._plot.scaled(board, cohort))
        picture.key.tell(self._plot.entries(board, bands, cohort))

    def unmark(self, picture: QWidget) -> None:
        assert isinstance(picture, _Curves)
        picture.plot.choose(None)

    def _take(self, place: int, line: int, point: int) -> None:
        if self.board is not None:
            key = self.board.scorers[line].key, self.cohorts[place]
            self.tell(self._plot.behind(self.board, key, point), self.pictures[place])


class ConfusionBody(Body):
    """A confusion matrix for each scorer."""

    least = 320

    def make(self, place: int) -> QWidget:
        made = MatrixGrid()
        made.cellChosen.connect(partial(self._take, place))
        return made

    def fill(self, picture: QWidget, board: Board, bands: AllBands, cohort: str) -> None:
        assert isinstance(picture, MatrixGrid)
        picture.show_matrices([_matrix(board, key.key, cohort) for key in self._counted(board, cohort)])

    def unmark(self, picture: QWidget) -> None:
        assert isinstance(picture, MatrixGrid)
        picture.choose(None)

    def _counted(self, board: Board, cohort: str) -> list[Scorer]:
        """Scorers with a threshold."""
        return [one for one in board.scorers if board.results.parts[one.key, cohort].confusion is not None]

    def _take(self, place: int, number: int, outcome: int, called: int) -> None:
        if self.board is not None:
            cohort = self.cohorts[place]
            one = self.board.results.parts[self._counted(self.board, cohort)[number].key, cohort]
            self.tell(behind.in_cell(one, outcome, called, NAMES[outcome, called]), self.pictures[place])


class DelongBody(Body):
    """DeLong's tests; ``holm`` corrects for the number of pairs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.holm = QCheckBox("Holm correction")
        self.holm.setToolTip("Correct p for the number of pairs that are compared")
        self.holm.toggled.connect(self._again)
        self.head.addWidget(label("Above: AUC difference. Below: p.", "caption"), 1)
        self.head.addWidget(self.holm)

    def show_board(self, board: Board, bands: AllBands, cohorts: Sequence[str]) -> None:
        self.least = max(360, 140 + 44 * len(board.scorers))  # so that there is room for figures in the squares
        super().show_board(board, bands, cohorts)

    def make(self, place: int) -> QWidget:
        made = DelongView(Squares("", (), (), np.empty(0), np.empty((0, 0)), np.empty((0, 0))))
        made.pairChosen.connect(partial(self._take, place))
        return made

    def fill(self, picture: QWidget, board: Board, bands: AllBands, cohort: str) -> None:
        assert isinstance(picture, DelongView)
        picture.show_squares(_squares(board, cohort, self.holm.isChecked()))

    def unmark(self, picture: QWidget) -> None:
        assert isinstance(picture, DelongView)
        picture.choose(None)

    def _again(self) -> None:
        if self.board is not None:
            self.show_board(self.board, {}, self.cohorts)

    def _take(self, place: int, row: int, column: int) -> None:
        if self.board is None:
            return
        parts = self.board.results.of_cohort(self.cohorts[place])
        found = behind.wrongly_called(parts[row]) if row == column else behind.apart(parts[row], parts[column])
        self.tell(found, self.pictures[place])


class ForestBody(Body):
    """The AUC of one scorer in each subgroup."""

    least = 480

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scorer = QComboBox()
        self.scorer.setAccessibleName("Whose subgroups")
        self.scorer.activated.connect(lambda: self.lookedAt.emit(self.scorer.currentData()))
        self.scorer.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.scorer.setMaximumWidth(_WIDEST_BOX)
        keep_from_wheel(self.scorer)
        self.head.addWidget(label("Scores by", "muted"))
        self.head.addWidget(self.scorer)
        self.head.addStretch(1)

    def show_board(self, board: Board, bands: AllBands, cohorts: Sequence[str]) -> None:
        keys = [one.key for one in board.scorers]
        if keys != [self.scorer.itemData(place) for place in range(self.scorer.count())]:
            self.scorer.clear()
            for one in board.scorers:
                self.scorer.addItem(one.name, one.key)
        self.scorer.setCurrentIndex(self.scorer.findData(board.looked_at))
        super().show_board(board, bands, cohorts)

    def make(self, place: int) -> QWidget:
        made = ForestView("AUC")
        made.branchChosen.connect(partial(self._take, place))
        return made

    def fill(self, picture: QWidget, board: Board, bands: AllBands, cohort: str) -> None:
        assert isinstance(picture, ForestView)
        picture.title = cohort
        rows = [branch for branch, _ in _branches(board, cohort)]
        picture.show_branches(rows, board.series.get(board.looked_at, 0))

    def unmark(self, picture: QWidget) -> None:
        assert isinstance(picture, ForestView)
        picture.choose(None)

    def _take(self, place: int, row: int) -> None:
        if self.board is not None:
            cohort = self.cohorts[place]
            one = self.board.results.parts[self.board.looked_at, cohort]
            group = _branches(self.board, cohort)[row][1]
            if group is not None:
                found = behind.in_subgroup(one, self.board.results.patients[cohort], group)
                self.tell(found, self.pictures[place])


def _matrix(board: Board, key: str, cohort: str) -> Matrix:
    one = board.results.parts[key, cohort]
    assert one.confusion is not None
    counts = one.confusion
    cells = {(1, 1): counts.tp, (1, 0): counts.fn, (0, 1): counts.fp, (0, 0): counts.tn}
    return Matrix(one.scorer.name, cells, board.series[key], one.threshold)


def _squares(board: Board, cohort: str, corrected: bool) -> Squares:
    tests = board.tests[cohort][corrected]
    scorers = board.scorers
    auc = np.array([board.results.parts[one.key, cohort].auc for one in scorers])
    names, series = tuple(one.name for one in scorers), tuple(board.series[one.key] for one in scorers)
    return Squares(cohort, names, series, auc, tests.difference, tests.p)


def _branches(board: Board, cohort: str) -> list[tuple[Branch, Subgroup | None]]:
    """Rows of a forest plot; a heading above the values of each variable has no subgroup."""
    rows: list[tuple[Branch, Subgroup | None]] = []
    last = ""
    for one in board.subgroups.get(cohort, ()):
        if one.variable != last:
            last = one.variable
            rows.append((Branch(last, heading=True), None))
        rows.append((Branch(one.label, one.n, one.positive, one.auc, one.low, one.high), one))
    return rows
