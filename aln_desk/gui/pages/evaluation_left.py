"""The left pane of Evaluate: whose scores, which cohorts. Each scorer has its line's colour and dash beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from aln_desk.domain.patient import Cohort
from aln_desk.domain.scorer import Scorer
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.plot_style import Swatch

_KINDS = {"model": "Models", "reader": "Readers", "import": "Other software"}


class ElidedLabel(QLabel):
    """Words that lose their middle where they do not fit."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setText(self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideMiddle, self.width()))


class TickRow(QWidget):
    """A box to tick, with a swatch (``series`` not negative), its name and what stands after it."""

    def __init__(self, name: str, tip: str, series: int = -1, after: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self.box = QCheckBox()
        self.box.setAccessibleName(name)
        self.box.setAccessibleDescription(tip)
        self.setToolTip(tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.box)
        if series >= 0:
            row.addWidget(Swatch(series, 24))
        row.addWidget(ElidedLabel(name), 1)
        for widget in after:
            row.addWidget(widget)

    @property
    def usable(self) -> bool:
        """Whether it can be ticked."""
        return self.box.isEnabledTo(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The whole row ticks."""
        if self.usable:
            self.box.setFocus()
            self.box.toggle()


class TickList(QWidget):
    """Rows under captions. ``changed``: something was ticked or unticked."""

    changed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, TickRow] = {}
        self.setAccessibleName(name)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)

    def show_rows(self, groups: Mapping[str, Mapping[str, TickRow]]) -> None:
        """Show these rows by key under their captions (an empty caption is not shown) and no others."""
        while (entry := self._column.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        self.rows = {key: row for group in groups.values() for key, row in group.items()}
        for caption, group in groups.items():
            if caption and group:
                words = label(caption, "caption")
                words.setContentsMargins(0, 6, 0, 2)
                self._column.addWidget(words)
            for row in group.values():
                row.box.toggled.connect(lambda _: self.changed.emit())
                self._column.addWidget(row)

    @property
    def ticked(self) -> tuple[str, ...]:
        """Keys of the rows that are ticked, from above."""
        return tuple(key for key, row in self.rows.items() if row.box.isChecked())

    def tick(self, keys: Iterable[str]) -> None:
        """Tick these rows and no others, telling nobody."""
        wanted = set(keys)
        for key, row in self.rows.items():
            row.box.blockSignals(True)
            row.box.setChecked(key in wanted and row.usable)
            row.box.blockSignals(False)


def scorer_rows(scorers: Sequence[Scorer], in_use: str, remove: Callable[[str], None]) -> dict[str, dict[str, TickRow]]:
    """A row for each scorer, grouped by kind where there are several kinds; ``remove`` forgets imported scores."""
    groups: dict[str, dict[str, TickRow]] = {}
    several = len({one.kind for one in scorers}) > 1
    for place, one in enumerate(scorers):
        caption = _KINDS[one.kind] if several else ""
        groups.setdefault(caption, {})[one.key] = _scorer_row(one, place, one.key == in_use, remove)
    return groups


def cohort_rows(cohorts: Sequence[Cohort], counts: Mapping[str, int]) -> dict[str, dict[str, TickRow]]:
    """A row for each cohort with how many patients of known outcome have been scored."""
    rows = {}
    for cohort in cohorts:
        count = counts.get(cohort.name, 0)
        tip = f"{cohort.role.value.capitalize()}: {count} patients with a score and an outcome"
        rows[cohort.name] = TickRow(cohort.name, tip, after=[label(str(count), "muted")])
        rows[cohort.name].box.setEnabled(count > 0)
    return {"": rows}


def _scorer_row(one: Scorer, series: int, in_use: bool, remove: Callable[[str], None]) -> TickRow:
    after: list[QWidget] = []
    if in_use:
        after.append(label("in use", "caption"))
    if one.kind == "import":
        after.append(_remove_button(one, remove))
    at = "no threshold" if math.isnan(one.threshold) else f"threshold {one.threshold:.3f}"
    tip = f"{one.name}\n{len(one.scores)} patients, {at}\n{one.source}"
    return TickRow(one.name, tip, series, after)


def _remove_button(one: Scorer, remove: Callable[[str], None]) -> QPushButton:
    made = button("Remove", "small", f"Forget the imported scores of {one.name}")
    made.setAccessibleName(f"Remove {one.name}")
    made.clicked.connect(partial(remove, one.key))
    return made
