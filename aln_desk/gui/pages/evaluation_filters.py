"""Which patients Evaluate looks at: a chip for each variable that is filtered by, a menu of all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from aln_desk.domain.patient import variable_words
from aln_desk.evaluation.selection import Filter
from aln_desk.gui.widgets.labels import button


class Filters(QWidget):
    """``changed``: another set of patients is asked for."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: dict[str, frozenset[str]] = {}
        self._offered: dict[str, tuple[str, ...]] = {}
        self.add = button("Only some patients…", "small", "Look at the patients with certain values only")
        self.menu = QMenu(self.add)
        self.add.setMenu(self.menu)
        self._submenus: list[QMenu] = []
        self._chips = QVBoxLayout()
        self._chips.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._chips)
        column.addWidget(self.add)

    @property
    def filters(self) -> tuple[Filter, ...]:
        """What every patient must have."""
        return tuple(Filter(variable, values) for variable, values in self.values.items())

    def offer(self, variables: Mapping[str, tuple[str, ...]]) -> None:
        """Variables to filter by and their values; filters by others stay, so that nothing is hidden."""
        if dict(variables) != self._offered:
            self._offered = dict(variables)
            self._fill_menu()
        self._show_chips()
        self.add.setEnabled(bool(variables))

    def set_filters(self, filters: Iterable[Filter]) -> None:
        """Filter by these, telling nobody."""
        self.values = {one.variable: one.values for one in filters}
        self._fill_menu()
        self._show_chips()

    def clear(self, variable: str = "") -> None:
        """No filter by this variable any more, or by any."""
        self.values = {name: values for name, values in self.values.items() if variable and name != variable}
        self._fill_menu()
        self._show_chips()
        self.changed.emit()

    def take(self, variable: str, value: str, wanted: bool) -> None:
        """Let patients with this value pass, or no more; no value left, or all of them, is no filter."""
        values = self.values.get(variable, frozenset())
        values = values | {value} if wanted else values - {value}
        kept = {**self.values, variable: values}
        if not values or values >= set(self._offered.get(variable, ())):
            kept.pop(variable)
        self.values = kept
        self._show_chips()
        self.changed.emit()

    def _fill_menu(self) -> None:
        self.menu.clear()
        for submenu in self._submenus:
            submenu.deleteLater()
        self._submenus = [self._submenu(variable, values) for variable, values in self._offered.items()]
        for submenu in self._submenus:
            self.menu.addMenu(submenu)

    def _submenu(self, variable: str, values: tuple[str, ...]) -> QMenu:
        submenu = _OpenMenu(variable_words(variable), self.menu)
        for value in values:
            action = submenu.addAction(value)
            action.setCheckable(True)
            action.setChecked(value in self.values.get(variable, ()))
            action.toggled.connect(partial(self.take, variable, value))
        return submenu

    def _show_chips(self) -> None:
        while (entry := self._chips.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        for variable, values in self.values.items():
            words = f"{variable_words(variable)}: {', '.join(sorted(values))}"
            chip = button(f"{words}   \u00d7", "small", "Remove this filter")
            chip.setAccessibleName(f"Remove the filter {words}")
            chip.clicked.connect(partial(self.clear, variable))
            self._chips.addWidget(chip)


class _OpenMenu(QMenu):
    """Stays open while several of its actions are ticked."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._tick():
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() not in keys or not self._tick():
            super().keyPressEvent(event)

    def _tick(self) -> bool:
        action = self.activeAction()
        if action is None or not action.isCheckable():
            return False
        action.toggle()
        return True
