"""The slim column of tools at the canvas' edge: icon, word and key of each."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from aln_desk.gui import icons, theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import rule

_TOOLS = (
    ("select", "Select"),
    ("polygon", "Polygon"),
    ("live_edge", "Live edge"),
    ("assist", "Assist"),
    ("brush", "Brush"),
    ("eraser", "Eraser"),
    ("rectangle", "Rectangle"),
    ("circle", "Circle"),
)
_MORE = (
    ("wand", "Wand"),
    ("oriented_rectangle", "Oriented"),
    ("ellipse", "Ellipse"),
    ("line", "Line"),
    ("linestrip", "Line strip"),
    ("point", "Point"),
    ("points", "Points"),
    ("caliper", "Caliper"),
    ("axes", "Axes"),
    ("angle", "Angle"),
    ("thickness", "Thickness"),
    ("calibrate", "Calibrate"),
)
"""Tools that few images want: one button for all, which shows the last one used."""
_TIPS = {
    "select": (
        "Alt+click or double-click on an edge adds a corner",
        "Alt+Shift+click on a corner deletes it",
        "Ctrl+click selects several shapes",
        "Shift+drag chooses corners, which move and go together",
    ),
    "polygon": ("Click point by point, or drag to draw freely", "Alt keeps a point from going to its neighbours"),
    "live_edge": ("Between two clicks the line finds the lesion's edge", "Alt keeps it straight"),
    "assist": ("Click inside the lesion, Shift+click outside it, or drag a box", "Enter accepts what is proposed"),
    "wand": ("Press on the lesion; drag up for more, down for less",),
    "brush": ("Paints on the selected shape, or a new one", "[ and ] change its size"),
    "eraser": ("Takes area away, from the inside too: that makes a hole", "[ and ] change its size"),
}
"""What a tool's pointer does beyond its name."""
_WIDTH, _HEIGHT = 76, 46
_CORNER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop

_STYLE = """
QToolButton {{ border: 1px solid transparent; border-radius: 6px; padding: 4px 0; font-size: 11px; color: {muted}; }}
QToolButton:hover {{ background: {hover}; color: {text}; }}
QToolButton:checked {{ background: {selection}; border-color: {accent}; color: {text}; }}
QToolButton:focus {{ border-color: {accent}; }}
QToolButton:disabled {{ color: {disabled}; }}
QToolButton::menu-indicator {{ image: none; }}
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
        self.more = self._more_button()
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
        if name in dict(_MORE):
            self._show_more(name)
        self._buttons.get(name, self.more).setChecked(True)

    def set_drawing(self, possible: bool) -> None:
        """Whether there is something to draw on."""
        for button in (*self._buttons.values(), self.more):
            button.setEnabled(possible)

    def set_history(self, undo: str, redo: str) -> None:
        """What undo and redo would do; empty where there is nothing."""
        for button, verb, what in ((self.undo, "Undo", undo), (self.redo, "Redo", redo)):
            button.setEnabled(bool(what))
            button.setToolTip(f"{verb}: {what}" if what else f"Nothing to {verb.lower()}")

    def _made(self, name: str, words: str, action: str) -> QToolButton:
        button = self._dressed_button(name, words)
        button.setToolTip(self._actions[action].text())
        if name in ("undo", "redo"):
            button.clicked.connect(lambda _: self._actions[action].trigger())
        return button

    def _dressed_button(self, name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setText(words)
        button.setIconSize(QSize(icons.SIZE, icons.SIZE))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setFixedSize(_WIDTH - 12, _HEIGHT)
        button.setAccessibleName(words)
        self._icons[button] = name
        return button

    def _dress(self) -> None:
        self._dressed = colours = theme.palette()
        self.setStyleSheet(_STYLE.format(**asdict(colours)))
        for button, name in self._icons.items():
            button.setIcon(icons.icon(name, colours.text, colours.disabled))

    def _more_button(self) -> QToolButton:
        """The tools of `_MORE` as a menu with their keys."""
        button = self._dressed_button("more", "More")
        button.setCheckable(True)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for name, _ in _MORE:
            menu.addAction(self._actions[f"tool.{name}"])
        button.setMenu(menu)
        button.setToolTip("Other kinds of shape: " + ", ".join(words.lower() for _, words in _MORE))
        # A button that opens a menu does not follow its group's rule by itself: the tool in use decides.
        button.clicked.connect(lambda _: button.setChecked(not self._group.checkedButton()))
        return button

    def _show_more(self, name: str) -> None:
        self.more.setText(dict(_MORE)[name])
        self._icons[self.more] = name
        self._dress()

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
            corner = QHBoxLayout(button)
            corner.setContentsMargins(0, 2, 2, 0)
            corner.addWidget(KeyCap(self._actions, f"tool.{name}"), 0, _CORNER)
            column.addWidget(button)
        self._group.addButton(self.more)
        column.addWidget(self.more)
        column.addSpacing(4)
        column.addWidget(rule())
        column.addSpacing(4)
        for button, keys in ((self.undo, ("edit.undo",)), (self.redo, ("edit.redo", "edit.redo_too"))):
            column.addWidget(button)
            column.addWidget(KeyCap(self._actions, *keys), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
