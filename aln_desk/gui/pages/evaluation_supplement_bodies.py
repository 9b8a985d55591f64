"""What the supplement's cards show: a figure as it is published, the nomogram, and the controls of cases and CAMs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from aln_desk.domain.patient import Cohort
from aln_desk.domain.scorer import Scorer
from aln_desk.gui.pages.evaluation_behind import Behind
from aln_desk.gui.pages.evaluation_supplement_made import Picture, Scale, Shown
from aln_desk.gui.widgets.drawn_figure import DrawnFigure, Row
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.plot_nomogram import NomogramView

_MOST_BY_HAND = 12
"""Case sheets that one figure shows."""


class FigureBody(QWidget):
    """A published figure, its legend below; ``opened`` carries the patient of a row that was chosen."""

    opened = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figure = DrawnFigure()
        self.figure.setAccessibleName(name)
        self.figure.rowChosen.connect(self.opened)
        self.legend = label("", "caption", wrap=True)
        self.copy = button("Copy figure", "small", "As SVG, or as a picture for programs that know no SVG")
        self.copy.clicked.connect(self.figure.copy)
        self._foot = _foot(self.legend, self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.figure, 1)
        column.addWidget(self._foot)
        self.show_large(False)

    def show_picture(self, made: Picture) -> None:
        """Show a figure in place of another."""
        self.figure.show_figure(made.svg, made.title, [Row(*row) for row in made.rows])
        self.legend.setText(f"{made.title}. {made.legend}")

    def show_large(self, large: bool) -> None:
        """Alone, with its legend and as wide as there is room; or whole, among others."""
        self._foot.setVisible(large)
        self.figure.show_whole(not large)


class NomogramBody(QWidget):
    """The nomogram to work with."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = NomogramView()
        self.legend = label("", "caption", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.view, 1)
        column.addWidget(self.legend)

    def show_scale(self, made: Scale) -> None:
        """Show this nomogram; what was set stays where the variables are the same."""
        self.view.show_nomogram(made.nomogram, made.numbers)
        self.legend.setText(f"Click an axis to set a variable. {made.legend}")


class Tools(QWidget):
    """A card's own controls; ``changed`` says that something else is asked for, ``cohort`` of whom (empty: of all)."""

    changed = Signal()

    def __init__(self, words: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cohort = ""
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        self.boxes = [self._box(word) for word in words]
        self.row.addStretch(1)

    def offer(self, cohorts: Sequence[Cohort], models: Sequence[Scorer]) -> None:
        """Offer these cohorts and the models whose findings on their images are kept."""
        raise NotImplementedError

    def show_choice(self, shown: Shown) -> None:
        """Tell what is shown, also where nobody chose it."""
        raise NotImplementedError

    def forget(self) -> None:
        """Ask for nothing: another project is open."""
        raise NotImplementedError

    def _box(self, word: str) -> QComboBox:
        box = _Box()
        box.setAccessibleName(word)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.activated.connect(self._chosen)
        self.row.addWidget(label(word, "muted"))
        self.row.addWidget(box)
        return box

    def _show(self, *chosen: str) -> None:
        """Name what is chosen in each box, where the box has it."""
        for box, data in zip(self.boxes, chosen, strict=True):
            if (place := box.findData(data)) >= 0:
                box.setCurrentIndex(place)

    def _chosen(self) -> None:
        raise NotImplementedError


class _Box(QComboBox):
    """Scrolling past it changes nothing."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class CaseTools(Tools):
    """Whose cases, read by which ``model`` (its key; empty: the first), and whether by rule. ``by_hand`` are the
    patients chosen, by cohort.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("Cohort", "Read by"), parent)
        self.model = ""
        self.by_hand: dict[str, tuple[str, ...]] = {}
        self.how = label("", "caption")
        self.by_rule = button("Choose by rule", "small", "Of each cell of the confusion matrix the median patient")
        self.by_rule.clicked.connect(self._choose_by_rule)
        self.row.addWidget(self.how)
        self.row.addWidget(self.by_rule)
        self._tell("")

    def offer(self, cohorts: Sequence[Cohort], models: Sequence[Scorer]) -> None:
        _fill(self.boxes[0], [(one.name, one.name) for one in cohorts])
        _fill(self.boxes[1], _named(models))
        self._show(self.cohort, self.model)
        self._tell(self.boxes[0].currentData() or "")

    def show_choice(self, shown: Shown) -> None:
        self._show(shown.cohort, shown.models[0])

    def forget(self) -> None:
        self.by_hand = {}
        self._ask("", "")

    def add_by_hand(self, found: Behind) -> None:
        """Show the sheets of these patients too, read by the first model on offer that they are about."""
        about = (key for key in found.scorers if self.boxes[1].findData(key) >= 0)
        wanted = tuple(dict.fromkeys((*self.by_hand.get(found.cohort, ()), *found.patients)))
        self.by_hand[found.cohort] = wanted[:_MOST_BY_HAND]
        self._ask(found.cohort, next(iter(about), self.model), len(wanted))

    def restore(self, by_hand: Mapping[str, tuple[str, ...]], model: str) -> None:
        """These were chosen when the project was left."""
        self.by_hand = dict(by_hand)
        self._ask(next(iter(by_hand), ""), model)

    def keep(self, patients: Iterable[str]) -> None:
        """These are still in the project; others have no case sheet any more."""
        known = set(patients) if self.by_hand else set()
        kept = {cohort: tuple(one for one in names if one in known) for cohort, names in self.by_hand.items()}
        if kept != self.by_hand:
            self.by_hand = {cohort: names for cohort, names in kept.items() if names}
            self._ask(self.cohort, self.model)

    def among(self, cohorts: Sequence[str]) -> list[str]:
        """The patients chosen by hand in these cohorts; none: all cases are the rule's."""
        return [name for cohort in cohorts for name in self.by_hand.get(cohort, ())]

    def _choose_by_rule(self) -> None:
        cohort = self.boxes[0].currentData() or ""
        self.by_hand.pop(cohort, None)
        self._ask(cohort, self.model)

    def _chosen(self) -> None:
        cohort, model = (box.currentData() or "" for box in self.boxes)
        self._ask(cohort, model)

    def _ask(self, cohort: str, model: str, wanted: int = 0) -> None:
        """Ask for the cases of a cohort read by a model; by hand so many were ``wanted``."""
        self.cohort, self.model = cohort, model
        self._show(cohort, model)
        self.changed.emit()
        self._tell(cohort, wanted)

    def _tell(self, cohort: str, asked: int = 0) -> None:
        """How the cases of a cohort were chosen, where by hand so many were asked for."""
        count = len(self.by_hand.get(cohort, ()))
        whole = f"{count} patient{'' if count == 1 else 's'}"
        most = f"the first {count} of {asked} patients" if asked > count else whole
        self.how.setText(f"Chosen by hand: {most}" if count else "By rule: the median patient of each cell")
        self.by_rule.setVisible(bool(count))


class CamTools(Tools):
    """Which two models are compared: ``models`` (keys, left and right; empty: those that the rule names)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("Left", "Right"), parent)
        self.models: tuple[str, str] | tuple[()] = ()
        self._before: tuple[str, ...] = ()
        """What the boxes named when both did."""
        for box in self.boxes:
            box.setPlaceholderText("Choose a model")

    def offer(self, cohorts: Sequence[Cohort], models: Sequence[Scorer]) -> None:
        """Which two the export chooses is told when they are drawn; until then no box names one. Of fewer than
        two there is nothing to choose.
        """
        for box in self.boxes:
            _fill(box, _named(models), first=-1)
        self.setVisible(len(models) > 1)

    def show_choice(self, shown: Shown) -> None:
        self._before = shown.models
        self._show(*shown.models)

    def forget(self) -> None:
        self.models = self._before = ()
        for box in self.boxes:
            box.setCurrentIndex(-1)

    def restore(self, models: tuple[str, str] | tuple[()]) -> None:
        """These two were chosen when the project was left."""
        self.models = self._before = models
        self.changed.emit()

    def _chosen(self) -> None:
        """A model that is chosen on the other side too changes sides with the one that was there."""
        left, right = (box.currentData() for box in self.boxes)
        if left == right and self._before:
            right, left = self._before
        if left and right and left != right:
            self.models = self._before = left, right
            self._show(left, right)
            self.changed.emit()


def _named(models: Sequence[Scorer]) -> list[tuple[str, str]]:
    return [(one.name, one.key) for one in models]


def _fill(box: QComboBox, entries: Sequence[tuple[str, str]], first: int = 0) -> None:
    """Names with their data; what is chosen stays where it is still there, else the ``first`` is (-1: none)."""
    if entries == [(box.itemText(place), box.itemData(place)) for place in range(box.count())]:
        return
    chosen = box.currentData()
    box.clear()
    for name, data in entries:
        box.addItem(name, data)
    box.setCurrentIndex(max(first, box.findData(chosen)) if entries else -1)


def _foot(words: QWidget, action: QWidget) -> QWidget:
    foot = QWidget()
    row = QHBoxLayout(foot)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(12)
    row.addWidget(words, 1)
    row.addWidget(action, 0, Qt.AlignmentFlag.AlignBottom)
    return foot
