"""The right pane of Evaluate: the patients behind what is chosen, with every scorer's score."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget
from shiboken6 import isValid

from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.results import Part
from aln_desk.gui import theme
from aln_desk.gui.pages.evaluation_behind import Behind
from aln_desk.gui.pages.evaluation_board import Board
from aln_desk.gui.widgets import plot_style
from aln_desk.gui.widgets.labels import button, label

_HINT = (
    "Choose a point of a curve, a cell, a square or a row to see its patients. Enter goes to their list, where Enter "
    "or a double click opens one in Review and Esc goes back."
)
_ROW_HEIGHT = 28
_SWATCH = 16
"""A header makes its icons no larger."""
_STYLE = "QTreeView::item { padding: 0 2px; } QHeaderView::section { padding: 6px 2px; }"
_OUTCOMES = {0: "\u2212", 1: "+"}


class CellPatients(QWidget):
    """``opened`` carries the id of a patient to show in Review, ``sheetsWanted`` a `Behind`."""

    opened = Signal(str)
    sheetsWanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.behind: Behind | None = None
        self._board: Board | None = None
        self._came_from: QWidget | None = None
        self._chosen: Mapping[str, Sequence[str]] = {}
        self.title = label(_HINT, "muted", wrap=True)
        self.key = label("Bold: at or above the threshold. ?: the model leaves it open.", "caption", wrap=True)
        self.list = QTreeWidget()
        self.list.setAccessibleName("Patients behind what is chosen")
        self.list.setRootIsDecorated(False)
        self.list.setStyleSheet(_STYLE)
        self.list.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
        self.list.setUniformRowHeights(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemActivated.connect(lambda entry: self.opened.emit(entry.text(0)))
        self.sheets = button("", "small", "Those that are selected, or all of them (Figure 4)")
        self.sheets.clicked.connect(self._ask_sheets)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.list, context=Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._go_back)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(4)
        column.addWidget(label("Patients", "heading"))
        column.addWidget(self.title)
        column.addSpacing(4)
        column.addWidget(self.list, 1)
        column.addWidget(self.key)
        column.addWidget(self.sheets)
        column.addStretch(0)
        self.clear()

    def clear(self) -> None:
        """Nothing is chosen."""
        self.behind = None
        self.title.setText(_HINT)
        self.list.clear()
        self.list.hide()
        self.key.hide()
        self.sheets.hide()

    def changeEvent(self, event: QEvent) -> None:
        """The list is coloured when it is filled."""
        if event.type() == QEvent.Type.StyleChange and self.behind is not None and self._board is not None:
            self.show_behind(self.behind, self._board)
        super().changeEvent(event)

    def show_behind(self, found: Behind, board: Board) -> None:
        """List the patients behind a choice, with the scores of those it is about first."""
        if found != self.behind:
            self._remember_where()
        self.behind, self._board = found, board
        results = board.results
        count = len(found.patients)
        self.title.setText(f"{found.title}\n{found.cohort} · {count} patient{'' if count == 1 else 's'}")
        scorers = sorted(results.scorers, key=lambda one: one.key not in found.scorers)
        parts = [results.parts[one.key, found.cohort] for one in scorers]
        self.list.clear()
        self.list.setColumnCount(2 + len(scorers))
        self._head(scorers, board)
        outcomes = {patient.id: patient.outcome for patient in results.patients[found.cohort]}
        for patient in found.patients:
            self._add(patient, outcomes.get(patient), scorers, parts)
        self.list.show()
        self._name_sheets()
        self.key.setVisible(bool(found.patients))
        self.sheets.setVisible(bool(found.patients))

    def enter(self) -> None:
        """Go to the list, to be left by Esc for where the keys went before."""
        if self.behind is not None and self.behind.patients:
            self._remember_where()
            first = self.list.topLevelItem(0)
            if first is not None and self.list.currentItem() is None:
                self.list.setCurrentItem(first)
            self.list.setFocus()

    def show_chosen(self, cases: Mapping[str, Sequence[str]]) -> None:
        """Tell whose case sheets are chosen by hand, by cohort."""
        self._chosen = cases
        self._name_sheets()

    def _name_sheets(self) -> None:
        more = self.behind is not None and self.behind.cohort in self._chosen
        self.sheets.setText("Add to the case sheets" if more else "Show as case sheets")
        self.sheets.setAccessibleName(self.sheets.text())

    def _remember_where(self) -> None:
        """Where the keys go now is where Esc leads back, also from a list that was clicked."""
        now = QApplication.focusWidget()
        if now is not None and now is not self.list:
            self._came_from = now

    def _go_back(self) -> None:
        if self._came_from is not None and isValid(self._came_from) and self._came_from.isVisible():
            self._came_from.setFocus()

    def _ask_sheets(self) -> None:
        if self.behind is not None:
            picked = {entry.text(0) for entry in self.list.selectedItems()}
            shown = tuple(name for name in self.behind.patients if name in picked or not picked)
            self.sheetsWanted.emit(replace(self.behind, patients=shown))

    def _head(self, scorers: Sequence[Scorer], board: Board) -> None:
        """Scorers are known by their line, as on the cards: names would leave no room for scores side by side."""
        self.list.setHeaderLabels(["Patient", "Node", *("" for _ in scorers)])
        header = self.list.headerItem()
        header.setToolTip(1, "Node status from pathology")
        for place, one in enumerate(scorers, start=2):
            line = plot_style.swatch(board.series[one.key], _SWATCH, self.devicePixelRatioF())
            header.setIcon(place, QIcon(line))
            header.setToolTip(place, one.name)
            header.setData(place, Qt.ItemDataRole.AccessibleTextRole, one.name)
            header.setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _add(self, patient: str, outcome: int | None, scorers: Sequence[Scorer], parts: Iterable[Part]) -> None:
        node = "" if outcome is None else _OUTCOMES[outcome]
        entry = QTreeWidgetItem(self.list, [patient, node])
        entry.setTextAlignment(1, Qt.AlignmentFlag.AlignCenter)
        entry.setForeground(1, QColor(theme.word_colour(theme.POSITIVE if outcome else theme.NEGATIVE)))
        entry.setSizeHint(0, QSize(0, _ROW_HEIGHT))
        for place, (scorer, part) in enumerate(zip(scorers, parts, strict=True), start=2):
            score = scorer.scores.get(patient, math.nan)
            entry.setText(place, _score_words(score, patient in scorer.uncertain))
            entry.setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if score >= part.threshold:
                font = entry.font(place)
                font.setBold(True)
                entry.setFont(place, font)


def _score_words(score: float, uncertain: bool) -> str:
    return "\u2013" if math.isnan(score) else f"{score:.3f}{' ?' if uncertain else ''}"
