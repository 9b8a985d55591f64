"""The left pane of Evaluate: scores, cohorts, patients, threshold, and Export."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from aln_desk.gui.pages.evaluation_filters import Filters
from aln_desk.gui.pages.evaluation_foot import Foot
from aln_desk.gui.pages.evaluation_left import TickList
from aln_desk.gui.pages.evaluation_threshold import ThresholdBox
from aln_desk.gui.widgets.labels import button, label


class Side(QWidget):
    """Everything that says what is compared; the page follows its parts' signals."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scorers = TickList("Whose scores")
        self.cohorts = TickList("Cohorts")
        self.filters = Filters()
        self.threshold = ThresholdBox()
        self.add_scores = button("Add scores of other software…", "small", "A CSV with the columns patient and score")
        self.read_again = button("Read this project", "small")
        self.looks = label("", "caption", wrap=True)
        self.foot = Foot()
        self._unread = label("", "notice", wrap=True)
        self._lay_out()
        self.show_unread("")
        self.show_looks({})

    def show_unread(self, model: str) -> None:
        """Tell that the model in use has given no verdicts here; empty: it has."""
        self._unread.setText(f"The model in use ({model}) has not read this project yet.")
        self._unread.setVisible(bool(model))
        self.read_again.setVisible(bool(model))

    def show_looks(self, looks: Mapping[str, int]) -> None:
        """Tell how often test cohorts have been looked at."""
        words = [f"{name} {count} time{'' if count == 1 else 's'}" for name, count in looks.items() if count]
        self.looks.setText(f"Test patients looked at so far: {', '.join(words)}.")
        self.looks.setVisible(bool(words))

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(4)
        for heading, parts in (
            ("Scores by", (self.scorers, self._unread, self.read_again, self.add_scores)),
            ("Cohorts", (self.cohorts,)),
            ("Patients", (self.filters,)),
            ("Threshold", (self.threshold, self.looks)),
        ):
            column.addWidget(label(heading, "heading"))
            for part in parts:
                column.addWidget(part)
            column.addSpacing(12)
        column.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(area, 1)
        outer.addWidget(self.foot)
