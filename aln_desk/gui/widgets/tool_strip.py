"""The slim column of tools at the canvas' edge: icon, word and key of each."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton, QVBoxLayout, QWidget

from aln_desk.gui import icons, theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import rule

_TOOLS = (("select", "Select"), ("polygon", "Polygon"), ("rectangle", "Rectangle"), ("circle", "Circle"))
_TIPS = {
    "select": (
        "Alt+click or double-click on an edge adds a corner",
        "Alt+Shift+click on a corner deletes it",
        "Ctrl+click selects several shapes",
    )
}
"""What a tool's pointer does beyond its name."""
_WIDTH = 76

_STYLE = """
QToolButton {{ border: 1px solid transparent; border-radius: 6px; padding: 4px 0; font-size: 11px; color: {muted}; }}
QToolButton:hover {{ background: {hover}; color: {text}; }}
QToolButton:checked {{ background: {selection}; border-color: {accent}; color: {text}; }}
QToolButton:focus {{ border-color: {accent}; }}
QToolButton:disabled {{ color: {disabled}; }}
"""


class ToolStrip(QWidget):
    """``toolChosen(name)`` with a tool of the canvas; undo and redo trigger the window's own actions."""

    toolChosen = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._group = QButtonGroup(self, exclusive=True)
        self._buttons: dict[str, QToolButton] = {}
        self._icons: dict[QToolButton, str] = {}
        self._dressed: theme.Palette | None = None
        self.undo = self._made("undo", "Undo", "edit.undo")
        self.redo = self._made("redo", "Redo", "edit.redo")
        self.setFixedWidth(_WIDTH)
        self.setAccessibleName("Tools")
        self._lay_out()
        self._dress()
        self.set_history("", "")

    def changeEvent(self, event: QEvent) -> None:
        """Another theme."""
        if event.type() == QEvent.Type.PaletteChange and self._dressed is not theme.palette():
            self._dress()
        super().changeEvent(event)

    def set_tool(self, name: str) -> None:
        """Mark the tool in use."""
        self._buttons[name].setChecked(True)

    def set_drawing(self, possible: bool) -> None:
        """Whether there is something to draw on."""
        for button in self._buttons.values():
            button.setEnabled(possible)

    def set_history(self, undo: str, redo: str) -> None:
        """What undo and redo would do; empty where there is nothing."""
        for button, verb, what in ((self.undo, "Undo", undo), (self.redo, "Redo", redo)):
            button.setEnabled(bool(what))
            button.setToolTip(f"{verb}: {what}" if what else f"Nothing to {verb.lower()}")

    def _made(self, name: str, words: str, action: str) -> QToolButton:
        button = QToolButton()
        button.setText(words)
        button.setIconSize(QSize(icons.SIZE, icons.SIZE))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setFixedWidth(_WIDTH - 12)
        button.setAccessibleName(words)
        self._icons[button] = name
        button.setToolTip(self._actions[action].text())
        if name in ("undo", "redo"):
            button.clicked.connect(lambda _: self._actions[action].trigger())
        return button

    def _dress(self) -> None:
        self._dressed = colours = theme.palette()
        self.setStyleSheet(_STYLE.format(**asdict(colours)))
        for button, name in self._icons.items():
            button.setIcon(icons.icon(name, colours.text, colours.disabled))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 8)
        column.setSpacing(2)
        for name, words in _TOOLS:
            button = self._made(name, words, f"tool.{name}")
            button.setCheckable(True)
            button.setToolTip("\n".join([button.toolTip(), *_TIPS.get(name, ())]))
            button.clicked.connect(partial(self.toolChosen.emit, name))
            self._buttons[name] = button
            self._group.addButton(button)
            self._add(column, button, f"tool.{name}")
        column.addSpacing(4)
        column.addWidget(rule())
        column.addSpacing(4)
        self._add(column, self.undo, "edit.undo")
        self._add(column, self.redo, "edit.redo", "edit.redo_too")
        column.addStretch(1)

    def _add(self, column: QVBoxLayout, button: QToolButton, *actions: str) -> None:
        """The button, and below it the shortest key that does the same."""
        column.addWidget(button)
        column.addWidget(KeyCap(self._actions, *actions), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(6)
