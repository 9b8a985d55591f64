"""The left pane of Evaluate: scores, cohorts, patients, threshold, and Export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from aln_desk.evaluation.gather import Gathered
from aln_desk.evaluation.selection import Filter, Selection, ThresholdRule, variables
from aln_desk.gui.pages.evaluation_filters import Filters
from aln_desk.gui.pages.evaluation_foot import Foot
from aln_desk.gui.pages.evaluation_left import TickList, cohort_rows, scorer_rows
from aln_desk.gui.pages.evaluation_threshold import ThresholdBox
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.workspace import Workspace

_READ = "Read this project"


class Side(QWidget):
    """Everything that says what is compared; the page follows its parts' signals.

    ``ticked``: another score or cohort is wanted, ``narrowed``: other patients or another threshold.
    """

    ticked = Signal()
    narrowed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scorers = TickList("Whose scores")
        self.cohorts = TickList("Cohorts")
        self.filters = Filters()
        self.threshold = ThresholdBox()
        self.add_scores = button("Add scores of other software…", "small", "A CSV with the columns patient and score")
        self.read_again = button(_READ, "small")
        self.looks = label("", "caption", wrap=True)
        self.foot = Foot()
        self._unread = label("", "notice", wrap=True)
        self._lay_out()
        self.show_unread("")
        self.show_looks({})
        for ticks in (self.scorers, self.cohorts):
            ticks.changed.connect(self.ticked)
        for part in (self.filters, self.threshold):
            part.changed.connect(self.narrowed)

    def show_found(self, found: Gathered, workspace: Workspace, remove: Callable[[str], None]) -> None:
        """Offer what a project holds, with nothing ticked; ``remove`` forgets imported scores by their key."""
        model = workspace.model
        in_use = model.digest if model else ""
        self.scorers.show_rows(scorer_rows(found.scorers, in_use, remove))
        self.cohorts.show_rows(cohort_rows(found.cohorts, _counts(found)))
        self.filters.offer(variables(found.patients))
        read = any(one.key == in_use for one in found.scorers)
        judges = model is not None and model.judges and model.knows_outcome
        self.show_unread(workspace.model_name if judges and found.scorers and not read else "")

    @property
    def selection(self) -> Selection:
        """What is ticked and chosen."""
        return Selection(self.scorers.ticked, self.cohorts.ticked, self.filters.filters, self.threshold.rule)

    def ticks(self) -> dict[str, bool]:
        """Whether each row that can be ticked is, by scorer's key or cohort's name."""
        rows = {**self.scorers.rows, **self.cohorts.rows}
        return {key: row.box.isChecked() for key, row in rows.items() if row.usable}

    def tick(self, wanted: Callable[[str], bool]) -> None:
        """Tick the rows that are ``wanted`` and no others, telling nobody."""
        for ticks in (self.scorers, self.cohorts):
            ticks.tick(filter(wanted, ticks.rows))

    def go_on(self, filters: Iterable[Filter], rule: ThresholdRule) -> None:
        """Choose these, telling nobody."""
        self.filters.set_filters(filters)
        self.threshold.set_rule(rule)

    def show_unread(self, model: str) -> None:
        """Tell that the model in use has given no verdicts here; empty: it has."""
        self._unread.setText(f"The model in use ({model}) has not read this project yet.")
        self._unread.setVisible(bool(model))
        self.read_again.setVisible(bool(model))

    def follow(self, read: QAction) -> None:
        """The action lets the model in use read the project, and is off while it does."""

        def show() -> None:
            self.read_again.setEnabled(read.isEnabled())
            self.read_again.setText(_READ if read.isEnabled() else "Being read…")

        self.read_again.clicked.connect(read.trigger)
        read.changed.connect(show)

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


def _counts(found: Gathered) -> Counter[str]:
    """By cohort, patients of known outcome whom somebody has scored."""
    scored: set[str] = set().union(*(one.scores for one in found.scorers))
    return Counter(one.cohort for one in found.patients if one.outcome is not None and one.id in scored)
