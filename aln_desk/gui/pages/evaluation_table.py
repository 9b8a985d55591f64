"""The table of metrics: a column for each cohort, 95 % intervals in brackets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QSizePolicy, QTableWidget, QTableWidgetItem, QWidget

from aln_desk.gui.findings import percent
from aln_desk.gui.pages.evaluation_figures import NOT_DEFINED, CohortFigures, with_interval
from aln_desk.stats.operating import Proportion

_ROWS = (
    "Patients (positive)",
    "Area under the curve (AUC)",
    "Sensitivity",
    "Specificity",
    "Accuracy",
    "Positive predictive value",
    "Negative predictive value",
    "F1",
    "Uncertain verdicts",
)
_ROW_HEIGHT = 28
_STYLE = "QTableWidget, QHeaderView, QHeaderView::section, QTableCornerButton::section { background: transparent; }"


class MetricsTable(QTableWidget):
    """Read-only; its height fits its rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(len(_ROWS), 0, parent)
        self.setAccessibleName("Metrics by cohort")
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setStyleSheet(_STYLE)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalHeaderLabels(_ROWS)
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setMinimumSectionSize(150)
        self.horizontalHeader().setFixedHeight(_ROW_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_ROW_HEIGHT * (len(_ROWS) + 1) + 14)

    def show_figures(self, figures: Sequence[CohortFigures]) -> None:
        """One column for each cohort."""
        self.setColumnCount(len(figures))
        self.setHorizontalHeaderLabels([each.cohort for each in figures])
        for column, each in enumerate(figures):
            for row, text in enumerate(_column(each)):
                self.setItem(row, column, QTableWidgetItem(text))
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)


def _column(figures: CohortFigures) -> tuple[str, ...]:
    at = figures.operating
    return (
        f"{len(figures.patients)} ({figures.positive})",
        figures.auc_words(),
        *(_words(one) for one in (at.sensitivity, at.specificity, at.accuracy, at.ppv, at.npv)),
        NOT_DEFINED if math.isnan(at.f1) else f"{at.f1:.3f}",
        _share(figures.uncertain, len(figures.patients)),
    )


def _share(count: int, total: int) -> str:
    return f"{count} ({percent(count / total)})" if count else str(count)


def _words(proportion: Proportion) -> str:
    return with_interval(proportion.value, proportion.low, proportion.high)
