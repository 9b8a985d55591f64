"""Which patients Evaluate looks at: a chip for each variable that is filtered by, a menu of all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from aln_desk.domain.patient import variable_words
from aln_desk.evaluation.selection import Filter
from aln_desk.gui.widgets.labels import button

_CHIP_EDGES = 44
"""Pixels of a chip beside its words: frame, and the cross."""


class Filters(QWidget):
    """``changed``: another set of patients is asked for."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: dict[str, frozenset[str]] = {}
        """What is ticked, by variable."""
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
        """What every patient must have; all values of a variable are no filter."""
        return tuple(Filter(variable, values) for variable, values in self.values.items() if not self._all(variable))

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
        self.add.setFocus()
        self.changed.emit()

    def take(self, variable: str, value: str, wanted: bool) -> None:
        """Let patients with this value pass, or no more; no value left is no filter."""
        values = self.values.get(variable, frozenset())
        values = values | {value} if wanted else values - {value}
        self.values = {name: found for name, found in {**self.values, variable: values}.items() if found}
        self._show_chips()
        self.changed.emit()

    def _all(self, variable: str) -> bool:
        offered = self._offered.get(variable, ())
        return bool(offered) and self.values[variable] >= set(offered)

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
        for one in self.filters:
            chip = _Chip(f"{variable_words(one.variable)}: {', '.join(sorted(one.values))}")
            chip.clicked.connect(partial(self.clear, one.variable))
            self._chips.addWidget(chip)


class _Chip(QPushButton):
    """A filter in words, which lose their end where they do not fit; a click removes it."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self.setProperty("role", "small")
        self.setToolTip(f"{words}\nClick to remove this filter")
        self.setAccessibleName(f"Remove the filter {words}")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - _CHIP_EDGES
        words = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room)
        self.setText(f"{words}   \u00d7".replace("&", "&&"))


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
