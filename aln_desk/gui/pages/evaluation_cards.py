"""The centre of Evaluate: a card for each figure and table, of one cohort, and any of them large, of all cohorts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QMouseEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from aln_desk.evaluation.tables.table import Table
from aln_desk.gui.pages.evaluation_board import Board
from aln_desk.gui.pages.evaluation_bodies import Body, ConfusionBody, CurvesBody, DelongBody, ForestBody
from aln_desk.gui.pages.evaluation_curves import AllBands, CalibrationPlot, DecisionPlot, PrecisionPlot, RocPlot
from aln_desk.gui.pages.evaluation_table import TableBody, of_cohort
from aln_desk.gui.widgets.labels import button, label

_WIDE = 400
"""Pixels that a card wants in width."""
_HIGH = 292


@dataclass(frozen=True, slots=True)
class CardKind:
    """``key`` names the card, ``wide`` ones take a whole row."""

    key: str
    title: str
    hint: str
    wide: bool = False


KINDS = (
    CardKind("table_2", "Performance", "Table 2, with 95 % intervals", wide=True),
    CardKind("roc", "ROC curve", "ring: the threshold"),
    CardKind("precision", "Precision and recall", "average precision"),
    CardKind("confusion", "Confusion matrices", "above: metastasis, left: called +"),
    CardKind("delong", "Differences of AUC", "DeLong's test"),
    CardKind("decision", "Decision curve", "net benefit"),
    CardKind("calibration", "Calibration", "Brier score, ten bins"),
    CardKind("forest", "Subgroups", "AUC, 95 % interval", wide=True),
    CardKind("table_1", "Patients", "Table 1", wide=True),
)


def make_body(kind: CardKind) -> Body | TableBody:
    """What lies on a card of this kind."""
    match kind.key:
        case "roc":
            return CurvesBody(kind.title, RocPlot())
        case "precision":
            return CurvesBody(kind.title, PrecisionPlot())
        case "decision":
            return CurvesBody(kind.title, DecisionPlot())
        case "calibration":
            return CurvesBody(kind.title, CalibrationPlot())
        case "confusion":
            return ConfusionBody()
        case "delong":
            return DelongBody()
        case "forest":
            return ForestBody()
    return TableBody(kind.title)


class Card(QFrame):
    """One figure; ``enlarged`` asks for it large."""

    enlarged = Signal(str)

    def __init__(self, kind: CardKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.kind = kind
        self.body = make_body(kind)
        self.open = button("Enlarge", "small", f"{kind.title} large, for all cohorts that are ticked")
        self.open.setAccessibleName(f"Enlarge {kind.title}")
        self.open.clicked.connect(partial(self.enlarged.emit, kind.key))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label(kind.title, "changed"))
        head.addWidget(label(kind.hint, "caption"), 1)
        head.addWidget(self.open)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.body, 1)
        if not kind.wide:
            self.setFixedHeight(_HIGH)

    def sizeHint(self) -> QSize:
        return QSize(_WIDE, super().sizeHint().height())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On the heading, which has nothing else to double-click."""
        if event.position().y() < self.body.y():
            self.enlarged.emit(self.kind.key)


class Cards(QStackedWidget):
    """``chosen`` carries a `Behind`, ``entered`` asks for its list, ``lookedAt`` carries a scorer's key, ``changed``
    says that another card is large or another cohort shown.
    """

    chosen = Signal(object)
    entered = Signal()
    lookedAt = Signal(str)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.board: Board | None = None
        self.bands: AllBands = {}
        self.tables: Mapping[str, Table] = {}
        self.large: str = ""
        self.cohort: str = ""
        self.holm = False
        """Whether DeLong's p are corrected for the number of pairs, on the card and large."""
        self.cards = [Card(kind) for kind in KINDS]
        self.cohort_tabs = QTabBar(drawBase=False, expanding=False)
        self.cohort_tabs.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.cohort_tabs.setAccessibleName("Cohort on the cards")
        self.cohort_tabs.currentChanged.connect(self._choose_cohort)
        self._columns = 0
        self._large_body: Body | TableBody | None = None
        self._lay_out()
        for card in self.cards:
            card.enlarged.connect(self.enlarge)
            self._follow(card.body)

    def show_board(self, board: Board, bands: AllBands, tables: Mapping[str, Table]) -> None:
        """Show what was worked out; everything keeps its place."""
        self.board, self.bands, self.tables = board, bands, tables
        self._fill()

    def show_bands(self, bands: AllBands, tables: Mapping[str, Table]) -> None:
        """The second pass has more; nothing moves."""
        self.bands, self.tables = bands, tables
        self._fill()

    def enlarge(self, key: str) -> None:
        """Show one card alone; an empty or unknown key shows all of them again, that card in sight."""
        kind = next((one for one in KINDS if one.key == key), None)
        before, self.large = self.large, kind.key if kind else ""
        if self._large_body is not None:
            self._large_place.removeWidget(self._large_body)
            self._large_body.hide()
            self._large_body.deleteLater()
            self._large_body = None
        if kind is not None:
            self._large_title.setText(kind.title)
            self._large_hint.setText(kind.hint)
            self._large_body = make_body(kind)
            self._follow(self._large_body)
            self._large_place.addWidget(self._large_body, 1)
        self.setCurrentIndex(1 if kind else 0)
        self._fill()
        if kind is not None:
            self.back.setFocus()
        elif before:
            self._return_to(before)
        self.changed.emit()

    def step(self, by: int) -> None:
        """The large card's neighbour in its place."""
        keys = [kind.key for kind in KINDS]
        if self.large in keys:
            self.enlarge(keys[(keys.index(self.large) + by) % len(keys)])

    def forget_choice(self) -> None:
        """Nothing is chosen any more."""
        for body in self._bodies():
            body.forget_choice()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Tables are coloured when they are filled."""
        if event.type() == QEvent.Type.StyleChange and self.board is not None:
            for body in self._table_bodies():
                body.show_table(None)
            self._fill()
        super().changeEvent(event)

    def _return_to(self, key: str) -> None:
        card = next(one for one in self.cards if one.kind.key == key)
        card.open.setFocus()
        self._area.ensureWidgetVisible(card.open)

    def _bodies(self) -> list[Body]:
        every = [*(card.body for card in self.cards), self._large_body]
        return [body for body in every if isinstance(body, Body)]

    def _table_bodies(self) -> list[TableBody]:
        every = [*(card.body for card in self.cards), self._large_body]
        return [body for body in every if isinstance(body, TableBody)]

    def _follow(self, body: Body | TableBody) -> None:
        if isinstance(body, Body):
            body.chosen.connect(partial(self._take, body))
            body.entered.connect(self.entered)
            body.lookedAt.connect(self.lookedAt)
        if isinstance(body, DelongBody):
            body.holm.setChecked(self.holm)
            body.holm.toggled.connect(self._correct)

    def _correct(self, holm: bool) -> None:
        self.holm = holm
        for body in self._bodies():
            if isinstance(body, DelongBody):
                body.holm.setChecked(holm)

    def _take(self, body: Body, found: object) -> None:
        for other in self._bodies():
            if other is not body:
                other.forget_choice()
        self.chosen.emit(found)

    def _fill(self) -> None:
        """Only what is seen: all cards of one cohort, or one card of all cohorts."""
        if self.board is None:
            return
        self._show_tabs(self.board.cohorts)
        if self._large_body is not None:
            self._fill_body(self.large, self._large_body, self.board.cohorts)
            return
        for card in self.cards:
            self._fill_body(card.kind.key, card.body, [self.cohort] if self.cohort else [])

    def _fill_body(self, key: str, body: Body | TableBody, cohorts: Sequence[str]) -> None:
        if isinstance(body, TableBody):
            table, large = self.tables.get(key), body is self._large_body
            one = table if table is None or large or key != "table_2" else of_cohort(table, self.cohort)
            body.show_table(one, notes=large)
        elif self.board is not None:
            body.show_board(self.board, self.bands, cohorts)

    def _show_tabs(self, cohorts: Sequence[str]) -> None:
        tabs = self.cohort_tabs
        names = [name.replace("&", "&&") for name in cohorts]  # else Qt makes a key of the letter after it
        if [tabs.tabText(place) for place in range(tabs.count())] != names:
            tabs.blockSignals(True)
            while tabs.count():
                tabs.removeTab(0)
            for name in names:
                tabs.addTab(name)
                tabs.setTabToolTip(tabs.count() - 1, cohorts[tabs.count() - 1])
            tabs.blockSignals(False)
        if self.cohort not in cohorts:
            self.cohort = self._first(cohorts)
        if self.cohort:
            tabs.blockSignals(True)
            tabs.setCurrentIndex(list(cohorts).index(self.cohort))
            tabs.blockSignals(False)

    def _first(self, cohorts: Sequence[str]) -> str:
        """The first one whose figures are defined, else the first one."""
        parts = self.board.results.parts.values() if self.board else ()
        defined = {one.cohort for one in parts if not one.reason}
        return next((name for name in cohorts if name in defined), next(iter(cohorts), ""))

    def _choose_cohort(self, place: int) -> None:
        if self.board is not None and 0 <= place < len(self.board.cohorts):
            self.cohort = self.board.cohorts[place]
            self._fill()
            self.changed.emit()

    def _arrange(self) -> None:
        """Cards beside each other, as many as there is room for; wide ones take a row."""
        columns = max(1, (self.width() - 16) // (_WIDE + 8))
        if columns == self._columns:
            return
        self._columns = columns
        for place in range(self._grid.columnCount()):
            self._grid.setColumnStretch(place, 0)
        for place in range(columns):
            self._grid.setColumnStretch(place, 1)
        row, column = 0, 0
        for card in self.cards:
            if card.kind.wide and column:
                row, column = row + 1, 0
            self._grid.addWidget(card, row, column, 1, columns if card.kind.wide else 1)
            column = columns if card.kind.wide else column + 1
            if column >= columns:
                row, column = row + 1, 0

    def _lay_out(self) -> None:
        inside = QWidget()
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(12, 4, 12, 12)
        self._grid.setSpacing(8)
        self._area = QScrollArea(widgetResizable=True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(inside)
        overview = QWidget()
        column = QVBoxLayout(overview)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(0)
        tabs = QHBoxLayout()
        tabs.setContentsMargins(12, 0, 12, 0)
        tabs.addWidget(self.cohort_tabs)
        tabs.addStretch(1)
        self.tab_row = tabs
        column.addLayout(tabs)
        column.addWidget(self._area, 1)
        self.addWidget(overview)
        self.addWidget(self._large())

    def _large(self) -> QWidget:
        self.back = button("Back to all cards", "small", "All cards again (Esc)")
        self.back.clicked.connect(partial(self.enlarge, ""))
        self._large_title, self._large_hint = label(""), label("", "caption")
        before, after = button("Previous", "small"), button("Next", "small")
        before.clicked.connect(partial(self.step, -1))
        after.clicked.connect(partial(self.step, 1))
        page = QWidget()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.back)
        head.addWidget(label("Esc", "key"))
        head.addSpacing(8)
        head.addWidget(self._large_title)
        head.addWidget(self._large_hint, 1)
        head.addWidget(before)
        head.addWidget(after)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(8)
        column.addLayout(head)
        frame = QFrame()
        frame.setObjectName("card")
        self._large_place = QVBoxLayout(frame)
        self._large_place.setContentsMargins(12, 12, 12, 12)
        column.addWidget(frame, 1)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), page, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(partial(self.enlarge, ""))
        return page
