"""What the supplement's cards show: a figure as it is published, the nomogram, and the controls of cases and CAMs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from aln_desk.evaluation.results import Results
from aln_desk.gui.pages.evaluation_behind import Behind
from aln_desk.gui.pages.evaluation_supplement_made import Choice, Picture, Scale
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
    """A card's own controls; ``changed`` says that something else is asked for."""

    changed = Signal()

    def __init__(self, words: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = Choice()
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        self.boxes = [self._box(word) for word in words]
        self.row.addStretch(1)

    def offer(self, results: Results) -> None:
        """Offer what these results have."""
        raise NotImplementedError

    def show_choice(self, shown: Choice) -> None:
        """Tell what is shown, also where nobody chose it."""
        raise NotImplementedError

    def ask(self, choice: Choice) -> None:
        """Ask for something else."""
        self.choice = choice
        self.changed.emit()

    def forget(self) -> None:
        """Ask for nothing: another project is open."""
        self.ask(Choice())

    def _box(self, word: str) -> QComboBox:
        box = _Box()
        box.setAccessibleName(word)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.activated.connect(self._chosen)
        self.row.addWidget(label(word, "muted"))
        self.row.addWidget(box)
        return box

    def _chosen(self) -> None:
        raise NotImplementedError


class _Box(QComboBox):
    """Scrolling past it changes nothing."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class CaseTools(Tools):
    """Whose cases, read by which model, and whether by rule. ``by_hand`` are the patients chosen, by cohort."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("Cohort", "Read by"), parent)
        self.by_hand: dict[str, tuple[str, ...]] = {}
        self.how = label("", "caption")
        self.by_rule = button("Choose by rule", "small", "Of each cell of the confusion matrix the median patient")
        self.by_rule.clicked.connect(self._choose_by_rule)
        self.row.addWidget(self.how)
        self.row.addWidget(self.by_rule)
        self.ask(Choice())

    def offer(self, results: Results) -> None:
        cohorts, models = self.boxes
        _fill(cohorts, [(one.name, one.name) for one in results.cohorts])
        _fill(models, _models(results))

    def show_choice(self, shown: Choice) -> None:
        cohorts, models = self.boxes
        cohorts.setCurrentIndex(cohorts.findData(shown.cohort))
        models.setCurrentIndex(models.findData(shown.models[0]))

    def ask(self, choice: Choice) -> None:
        super().ask(choice)
        self._tell(len(choice.patients))

    def forget(self) -> None:
        self.by_hand = {}
        super().forget()

    def add_by_hand(self, found: Behind) -> None:
        """Show the sheets of these patients too, read by the first model that they are about."""
        about = tuple(key for key in found.scorers if self.boxes[1].findData(key) >= 0)[:1]
        wanted = tuple(dict.fromkeys((*self.by_hand.get(found.cohort, ()), *found.patients)))
        self.by_hand[found.cohort] = wanted[:_MOST_BY_HAND]
        self.ask(Choice(found.cohort, about or self.choice.models, wanted[:_MOST_BY_HAND]))
        self._tell(len(wanted))

    def restore(self, by_hand: Mapping[str, tuple[str, ...]]) -> None:
        """These were chosen when the project was left."""
        self.by_hand = dict(by_hand)
        cohort = next(iter(by_hand), "")
        self.ask(Choice(cohort, (), by_hand.get(cohort, ())))

    def among(self, cohorts: Sequence[str]) -> list[str]:
        """The patients chosen by hand in these cohorts; none: all cases are the rule's."""
        return [name for cohort in cohorts for name in self.by_hand.get(cohort, ())]

    def _choose_by_rule(self) -> None:
        self.by_hand.pop(self.choice.cohort, None)
        self.ask(Choice(self.choice.cohort, self.choice.models))

    def _chosen(self) -> None:
        """Patients chosen by hand are of their cohort."""
        cohorts, models = self.boxes
        cohort = str(cohorts.currentData())
        self.ask(Choice(cohort, (str(models.currentData()),), self.by_hand.get(cohort, ())))

    def _tell(self, asked: int) -> None:
        count = len(self.choice.patients)
        whole = f"{count} patient{'' if count == 1 else 's'}"
        most = f"the first {count} of {asked} patients" if asked > count else whole
        self.how.setText(f"Chosen by hand: {most}" if count else "By rule: the median patient of each cell")
        self.by_rule.setVisible(bool(count))


class CamTools(Tools):
    """Which two models are compared."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(("Left", "Right"), parent)
        for box in self.boxes:
            box.setPlaceholderText("Choose a model")

    def offer(self, results: Results) -> None:
        """Which two the export chooses is told when they are drawn; until then no box names one."""
        for box in self.boxes:
            _fill(box, _models(results), first=-1)

    def show_choice(self, shown: Choice) -> None:
        for box, key in zip(self.boxes, shown.models, strict=True):
            box.setCurrentIndex(box.findData(key))

    def _chosen(self) -> None:
        if all(box.currentIndex() >= 0 for box in self.boxes):
            self.ask(Choice(models=tuple(str(box.currentData()) for box in self.boxes)))


def _models(results: Results) -> list[tuple[str, str]]:
    return [(one.name, one.key) for one in results.scorers if one.kind == "model"]


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
