"""The other half of Evaluate's centre: the supplement's tables and figures, each made when it is first seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from aln_desk.evaluation.gather import Gathered
from aln_desk.evaluation.results import Results
from aln_desk.evaluation.selection import Choices, Selection
from aln_desk.gui.pages.evaluation_behind import Behind
from aln_desk.gui.pages.evaluation_cards import Cards
from aln_desk.gui.pages.evaluation_supplement_bodies import CamTools, CaseTools, FigureBody
from aln_desk.gui.pages.evaluation_supplement_card import KINDS, SupplementCard
from aln_desk.gui.pages.evaluation_supplement_made import CAMS, CASES, LEARNING, MASKS, Wish
from aln_desk.gui.pages.evaluation_supplement_work import SupplementWork
from aln_desk.gui.widgets.labels import button, label

_WIDE = 560
"""Pixels that a card wants in width."""
_SOON_MS = 60
"""What is scrolled past faster is not made."""
ALL = "all"
"""Where the supplement is left when no card of it is large."""
_OF_IMAGES = (CASES, CAMS, MASKS)


class Supplement(QWidget):
    """``opened`` carries the id of a patient to show in Review, ``casesChanged`` the patients whose case sheets are
    chosen by hand, by cohort.
    """

    opened = Signal(str)
    casesChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.work = SupplementWork(self)
        self._inside = QWidget()
        self.cards = {kind.key: SupplementCard(kind, self._inside) for kind in KINDS}
        self.large = ""
        self.results: Results | None = None
        self._folder = Path()
        self._series: Mapping[str, int] = {}
        self._with_findings: frozenset[str] = frozenset()
        self._subgroups_of = ""
        self._columns = 0
        self._soon = QTimer(self, interval=_SOON_MS, singleShot=True)
        self._soon.timeout.connect(self._make_what_is_seen)
        self._lay_out()
        self._arrange()
        self._connect()
        self.enlarge("")

    def show_found(self, found: Gathered) -> None:
        """What the project holds: of whom there can be case sheets, by which models."""
        if found.with_findings != self._with_findings:
            self._with_findings = found.with_findings
            self.forget_images()
        self.cases.keep(one.id for one in found.patients)

    def show_results(self, folder: Path, results: Results, series: Mapping[str, int], subgroups_of: str = "") -> None:
        """Of these results of the project in this folder everything is made anew, as it is seen.

        ``series`` are the numbers of the scorers' colours, by key; ``subgroups_of`` is the key of the scorer whose
        subgroups are shown (empty or unknown: the first).
        """
        if series != self._series:
            self.cards[LEARNING].forget()
        self._folder, self.results, self._series, self._subgroups_of = folder, results, series, subgroups_of
        models = [one for one in results.scorers if one.key in self._with_findings]
        for tools in (self.cases, self.cams):
            tools.offer(results.cohorts, models)
        self._soon.start()

    def forget(self, keys: Sequence[str]) -> None:
        """These cards are made anew."""
        for key in keys:
            self.cards[key].forget()
        self._soon.start()

    def forget_project(self) -> None:
        """Another project is open, or none."""
        self.results = None
        self.work.forget()
        for card in self.cards.values():
            card.clear()

    def forget_images(self) -> None:
        """An outline has changed: what shows or measures outlines is made anew."""
        self.forget(_OF_IMAGES)

    @property
    def cases(self) -> CaseTools:
        """Which patients have case sheets."""
        tools = self.cards[CASES].tools
        assert isinstance(tools, CaseTools)
        return tools

    @property
    def cams(self) -> CamTools:
        """Which two models stand side by side."""
        tools = self.cards[CAMS].tools
        assert isinstance(tools, CamTools)
        return tools

    @property
    def asked(self) -> tuple[dict[str, tuple[str, ...]], str, tuple[str, str] | tuple[()]]:
        """What `restore` takes back."""
        return self.cases.by_hand, self.cases.model, self.cams.models

    def restore(self, by_hand: Mapping[str, tuple[str, ...]], reader: str, beside: tuple[str, str] | tuple[()]) -> None:
        """These patients, by cohort, and models were chosen when the project was left."""
        self.cases.restore(by_hand, reader)
        self.cams.restore(beside)

    def choices(self, selection: Selection) -> Choices:
        """What is chosen on the cards, as far as it concerns these cohorts and scorers: what the cards show, and what
        an export of the selection is to show.
        """
        models, beside = self._with_findings.intersection(selection.scorers), self.cams.models
        return Choices(
            tuple(self.cases.among(selection.cohorts)),
            self.cases.model if self.cases.model in models else "",
            beside if models.issuperset(beside) else (),
            self._subgroups_of if self._subgroups_of in selection.scorers else "",
        )

    def show_sheets(self, found: Behind) -> None:
        """Show the case sheets of these patients too, read by the first model that they are about."""
        if self.results is not None:
            self.enlarge(CASES)
            self.cases.add_by_hand(found)

    def enlarge(self, key: str) -> None:
        """Show one card alone; an empty or unknown key shows all of them again, that card in sight."""
        before, self.large = self.large, key if key in self.cards else ""
        for name, card in self.cards.items():
            card.setVisible(self.large in ("", name))
            card.show_large(name == self.large)
        self._columns = 0
        self._arrange()
        self._single.setVisible(bool(self.large))
        self._contents.setVisible(not self.large)
        if self.large:
            self.back.setFocus()
        elif before:
            self.cards[before].open.setFocus()
            self.go_to(before)
        self._soon.start()

    def step(self, by: int) -> None:
        """The large card's neighbour in its place."""
        keys = list(self.cards)
        if self.large:
            self.enlarge(keys[(keys.index(self.large) + by) % len(keys)])

    def go_to(self, key: str) -> None:
        """Bring a card into sight."""
        self._grid.activate()
        QApplication.sendEvent(self._area, QEvent(QEvent.Type.LayoutRequest))  # else it scrolls as far as it did before
        self._area.verticalScrollBar().setValue(self.cards[key].y() - 4)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cards have moved into sight."""
        if watched is self._inside and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._soon.start()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._soon.start()

    def _make_what_is_seen(self) -> None:
        if self.results is None or not self.isVisible():
            return
        results, choices = self.results, self.choices(self.results.selection)
        for key, card in self.cards.items():
            if card.isVisible() and not card.visibleRegion().isEmpty() and card.stale(results, choices):
                card.begin(results, choices)
                self.work.ask(Wish(key, self._folder, results, choices, card.cohort, self._series))

    def _arrange(self) -> None:
        """Cards beside each other, as many as there is room for; wide ones and a large one take a row."""
        columns = max(1, min(2, (self.width() - 16) // (_WIDE + 8)))
        if columns == self._columns:
            return
        self._columns = columns
        for place in range(2):
            self._grid.setColumnStretch(place, int(place < columns))
        row, column = 0, 0
        for name, card in self.cards.items():
            wide = card.kind.wide or name == self.large
            if wide and column:
                row, column = row + 1, 0
            self._grid.addWidget(card, row, column, 1, columns if wide else 1)
            column = columns if wide else column + 1
            if column >= columns:
                row, column = row + 1, 0

    def _connect(self) -> None:
        self.work.made.connect(lambda wish, made: self.cards[wish.key].show_made(made))
        self.work.progressed.connect(lambda wish, done, total: self.cards[wish.key].show_progress(done, total))
        self._area.verticalScrollBar().valueChanged.connect(lambda: self._soon.start())
        self._inside.installEventFilter(self)
        self.cases.changed.connect(lambda: self.casesChanged.emit(self.cases.by_hand))
        for tools in (self.cases, self.cams):
            tools.changed.connect(self._soon.start)
        for card in self.cards.values():
            card.enlarged.connect(self.enlarge)
            card.stopped.connect(self.work.stop)
            card.continued.connect(self.work.go_on)
            if isinstance(card.body, FigureBody):
                card.body.opened.connect(self.opened)

    def _lay_out(self) -> None:
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(12, 4, 12, 12)
        self._grid.setSpacing(8)
        self._area = QScrollArea(widgetResizable=True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self._inside)
        self._contents = button("Go to", "small", "A table or figure of the supplement")
        menu = QMenu(self._contents)
        for kind in KINDS:
            menu.addAction(f"{kind.title}   {kind.hint.partition(':')[0]}", partial(self.go_to, kind.key))
        self._contents.setMenu(menu)
        self.tab_row = QHBoxLayout()
        self.tab_row.setContentsMargins(12, 0, 12, 0)
        self.tab_row.addWidget(self._back_row())
        self.tab_row.addStretch(1)
        self.tab_row.addWidget(self._contents)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(0)
        column.addLayout(self.tab_row)
        column.addWidget(self._area, 1)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(partial(self.enlarge, ""))

    def _back_row(self) -> QWidget:
        self.back = button("Back to all cards", "small", "All cards again (Esc)")
        self.back.clicked.connect(partial(self.enlarge, ""))
        before, after = button("Previous", "small"), button("Next", "small")
        before.clicked.connect(partial(self.step, -1))
        after.clicked.connect(partial(self.step, 1))
        self._single = QWidget()
        row = QHBoxLayout(self._single)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for part in (self.back, label("Esc", "key"), before, after):
            row.addWidget(part)
        return self._single


class Centre(QStackedWidget):
    """The main figures, or the supplement; each has the switch to the other at its top."""

    def __init__(self, cards: Cards, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.supplement = Supplement()
        self.addWidget(cards)
        self.addWidget(self.supplement)
        self._on: list[QPushButton] = []
        """The pressed word of each half's switch."""
        for place, row in enumerate((cards.tab_row, self.supplement.tab_row)):
            row.insertWidget(0, self._switch(place))

    @property
    def place(self) -> str:
        """Empty for the main figures, `ALL` for the supplement, or the key of its large card."""
        return (self.supplement.large or ALL) if self.currentIndex() else ""

    def go_to(self, place: str) -> None:
        """Where `place` was."""
        self.supplement.enlarge(place)
        self.setCurrentIndex(int(bool(place)))

    def show_sheets(self, found: Behind) -> None:
        """Show the case sheets of these patients."""
        self.setCurrentIndex(1)
        self.supplement.show_sheets(found)

    def _switch(self, here: int) -> QWidget:
        """Two words; the one that is on the screen is pressed."""
        switch = QWidget()
        row = QHBoxLayout(switch)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(2)
        for index, words in enumerate(("Main figures", "Supplement")):
            part = button(words, "small")
            part.setCheckable(True)
            part.setChecked(index == here)
            part.clicked.connect(partial(self._press, part, here, index))
            row.addWidget(part)
            if index == here:
                self._on.append(part)
        return switch

    def _press(self, part: QPushButton, here: int, index: int) -> None:
        part.setChecked(index == here)
        self.setCurrentIndex(index)
        self._on[index].setFocus()  # else Qt lets the other word look chosen
