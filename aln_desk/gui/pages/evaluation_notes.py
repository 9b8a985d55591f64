"""The line below Evaluate's figures: what to know of them, what to do about it, and whose outcomes were simulated."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from aln_desk.domain.verdict import SIMULATED
from aln_desk.evaluation.results import Results
from aln_desk.gui.widgets.labels import button, label

_RESEARCH = "Research use, not a medical device."
_MOST = 220
"""Pixels that the list may take in height; what is longer is scrolled."""
_SHARES = (3, 2)
"""Of the list's width: what is the matter, what to do."""


class Notes(QWidget):
    """A line with as many things to know as there are, which opens their list below it; hidden where there are none.

    The figures above keep their place, whatever comes and goes here.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentences: tuple[str, ...] = ()
        self.fold = button("", "quiet", "What is left out, not defined or too good to be true, and what to do about it")
        self.fold.setCheckable(True)
        self.fold.toggled.connect(self._tell)
        self.simulated = label("", "warning", wrap=True)
        self.simulated.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._lay_out()
        self.show_results(None, ())

    def show_results(self, results: Results | None, simulated: Collection[str]) -> None:
        """Tell what is to be known of these results; ``simulated`` are the keys of models taught simulated outcomes."""
        self.simulated.setText(simulated_words(results, simulated) if results else "")
        sentences = results.problems if results else ()
        if sentences != self.sentences:
            self.sentences = sentences
            self._list()
        self._tell()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _tell(self) -> None:
        count = len(self.sentences)
        words = f"{count} thing{'' if count == 1 else 's'} to know"
        self.fold.setText(f"{words} {'▾' if self.fold.isChecked() else '▴'}")
        self.fold.setAccessibleName(words)
        self.fold.setVisible(bool(count))
        self.simulated.setVisible(bool(self.simulated.text()))
        self.area.setVisible(bool(count) and self.fold.isChecked())
        self.setVisible(bool(count or self.simulated.text()))
        self._fit()

    def _list(self) -> None:
        while (entry := self._rows.takeAt(0)) is not None:
            if (words := entry.widget()) is not None:
                words.hide()
                words.deleteLater()
        for row, sentence in enumerate(self.sentences):
            for column, cell in enumerate(_cells(sentence)):
                self._rows.addWidget(cell, row, column)
                cell.show()  # else the layout takes it for hidden until later, and knows no height

    def _fit(self) -> None:
        """Wrapped words know their height only for a width."""
        if self.sentences:
            self.area.setFixedHeight(min(_MOST, self._rows.heightForWidth(self.area.viewport().width())))

    def _lay_out(self) -> None:
        inside = QWidget()
        self._rows = QGridLayout(inside)
        self._rows.setContentsMargins(20, 8, 20, 10)
        self._rows.setHorizontalSpacing(24)
        self._rows.setVerticalSpacing(8)
        for place, share in enumerate(_SHARES):
            self._rows.setColumnStretch(place, share)
        self.area = QScrollArea(widgetResizable=True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setAccessibleName("Things to know")
        self.area.setWidget(inside)
        strip = QWidget()
        strip.setObjectName("strip")
        line = QHBoxLayout(strip)
        line.setContentsMargins(12, 3, 20, 3)
        line.addWidget(self.fold)
        line.addWidget(self.simulated, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(strip)
        column.addWidget(self.area)


def simulated_words(results: Results, simulated: Collection[str]) -> str:
    """What to say where some of the models shown learned from simulated outcomes, naming them if others did not."""
    models = [one for one in results.scorers if one.kind == "model"]
    of = [one.name for one in models if one.key in simulated]
    if not of:
        return ""
    some = f" This holds for {', '.join(of)}." if len(of) < len(models) else ""
    return f"{SIMULATED}{some} {_RESEARCH}"


def _cells(sentence: str) -> tuple[QLabel, QLabel]:
    """What is the matter, and in quieter words what to do, which is the last sentence."""
    matter, _, remedy = sentence.rpartition(". ")
    cells = label(f"{matter}." if matter else remedy, wrap=True), label(remedy if matter else "", "muted", wrap=True)
    for one in cells:
        one.setTextFormat(Qt.TextFormat.PlainText)
        one.setAlignment(Qt.AlignmentFlag.AlignTop)
        one.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return cells
