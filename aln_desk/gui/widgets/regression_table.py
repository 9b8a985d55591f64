"""What a regression found: a row for each clinical variable or level of it, alone and beside the others."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from aln_desk.domain.patient import variable_words
from aln_desk.gui.widgets.labels import label

FILE = "regression.csv"
COLUMNS = ("Variable", "Patients", "Positive", "Univariate (95 %)", "p", "Multivariate (95 %)", "p")
_TITLE = "Odds ratios for a positive outcome"
_HINT = "The p of a whole variable (likelihood ratio) stands beside its reference, that of a level (Wald) beside it."
_MARKS = "*†‡§¶"
_NONE = "This run has left no table of odds ratios."
_UNIVARIATE, _MULTIVARIATE = "univariate", "multivariate"
_REFERENCE = "reference"
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_STYLE = "QTreeView, QHeaderView, QHeaderView::section { background: transparent; } QTreeView::item { height: 26px; }"


@dataclass(frozen=True, slots=True)
class RegressionLine:
    """A number, or one level of a category, in words; what is not known is empty."""

    variable: str
    level: str
    patients: str
    positive: str
    alone: tuple[str, str] = ("", "")
    together: tuple[str, str] = ("", "")
    notes: tuple[str, ...] = ()


def read_lines(path: Path) -> list[RegressionLine]:
    """The lines of a run's table, univariate figures beside multivariate ones; none where it cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return joined(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return []


def joined(rows: Iterable[Mapping[str, str | None]]) -> list[RegressionLine]:
    """A line for each variable and level, in order of appearance."""
    found: dict[tuple[str, str], RegressionLine] = {}
    for row in rows:
        told = {key: value or "" for key, value in row.items() if isinstance(value, str | None)}
        key = told.get("variable", ""), told.get("level", "")
        line = found.get(key) or RegressionLine(*key, told.get("n", ""), told.get("positive", ""))
        stage, note = told.get("stage"), told.get("note", "")
        if note not in ("", _REFERENCE, *line.notes):
            line = replace(line, notes=(*line.notes, note))
        if stage == _UNIVARIATE:
            line = replace(line, alone=_figures(told))
        elif stage == _MULTIVARIATE:
            line = replace(line, together=_figures(told))
        found[key] = line
    return list(found.values())


class RegressionTable(QFrame):
    """The variables that were looked at; those that entered the model have figures in the second half."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.table = QTreeWidget()
        self.table.setAccessibleName(_TITLE)
        self.table.setHeaderLabels(COLUMNS)
        self.table.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.table.setStyleSheet(_STYLE)
        for place in range(1, len(COLUMNS)):
            self.table.headerItem().setTextAlignment(place, _RIGHT)
        self.table.setRootIsDecorated(False)
        self.table.header().setStretchLastSection(False)
        self.hint = label(_HINT, "caption", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 10)
        column.addWidget(label(_TITLE, "heading"))
        column.addWidget(self.table, 1)
        column.addWidget(self.hint)

    def show_lines(self, lines: Sequence[RegressionLine], ended: bool = True) -> None:
        """Show these; ``ended`` False while there may be none yet."""
        self.table.clear()
        told = dict.fromkeys(note for line in lines for note in line.notes)
        notes = {note: _mark(place) for place, note in enumerate(told)}
        variable = ""
        for line in lines:
            if line.variable != variable and line.level:
                self.table.addTopLevelItem(QTreeWidgetItem([variable_words(line.variable)]))
            variable = line.variable
            self.table.addTopLevelItem(_entry(line, "".join(notes[note] for note in line.notes)))
        for place in range(len(COLUMNS)):
            self.table.resizeColumnToContents(place)
            self.table.setColumnWidth(place, self.table.columnWidth(place) + 12)
        said = [f"{mark.strip()} {note}" for note, mark in notes.items()]
        self.hint.setText("\n".join([_HINT, *said]) if lines else _NONE if ended else "")


def _entry(line: RegressionLine, marks: str) -> QTreeWidgetItem:
    name = f"    {line.level}" if line.level else variable_words(line.variable)
    cells = [name + marks, line.patients, line.positive, *line.alone, *line.together]
    entry = QTreeWidgetItem(cells)
    for place in range(1, len(cells)):
        entry.setTextAlignment(place, _RIGHT)
    entry.setToolTip(0, "; ".join(line.notes))
    return entry


def _mark(place: int) -> str:
    """A sign for a footnote, doubled when the signs are used up."""
    return " " + _MARKS[place % len(_MARKS)] * (1 + place // len(_MARKS))


def _figures(row: Mapping[str, str]) -> tuple[str, str]:
    """Odds ratio with its interval, and p: of the whole variable beside the level that others are compared with."""
    if row.get("note") == _REFERENCE:
        return "1 (reference)", _p(row.get("p_variable"))
    ratio, low, high = (_number(row.get(key)) for key in ("or", "low", "high"))
    if math.isnan(ratio):
        return "–", _p(row.get("p_variable"))
    limits = "" if math.isnan(low) or math.isnan(high) else f" ({_ratio(low)} to {_ratio(high)})"
    return f"{_ratio(ratio)}{limits}", _p(row.get("p"))


def _ratio(value: float) -> str:
    """Two decimals, as papers print odds ratios; none where they would pretend to be known."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _p(text: str | None) -> str:
    value = _number(text)
    return "" if math.isnan(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
