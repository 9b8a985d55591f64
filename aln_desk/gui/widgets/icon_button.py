"""A small button that shows an icon only: its words are in the tooltip, with its key, and for screen readers."""

from __future__ import annotations

from dataclasses import asdict

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from aln_desk.gui import icons, theme
from aln_desk.gui.actions import Actions

_STYLE = """
QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 0; background: transparent; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:checked {{ background: {selection}; border-color: {accent}; }}
QToolButton:focus {{ border-color: {accent}; }}
"""
_SIDE = QSize(28, 30)


class IconButton(QToolButton):
    """Bears the name and the key of an action of the window."""

    def __init__(self, actions: Actions, action: str, icon: str, tip: str = "", parent: QWidget | None = None) -> None:
        """``tip`` is a second line of the tooltip."""
        super().__init__(parent)
        self._actions = actions
        self._action = action
        self._icon = icon
        self._tip = tip
        self._dressed: theme.Palette | None = None
        self.setCheckable(True)
        self.setFixedSize(_SIDE)
        self.setIconSize(QSize(icons.SIZE, icons.SIZE))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(actions[action].text())
        actions.keysChanged.connect(self._tell)
        self._tell()
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme."""
        if event.type() == QEvent.Type.PaletteChange and self._dressed is not theme.palette():
            self._dress()
        super().changeEvent(event)

    def _tell(self) -> None:
        key = self._actions.key(self._action)
        name = self._actions[self._action].text()
        self.setToolTip("\n".join(filter(None, [f"{name} ({key})" if key else name, self._tip])))

    def _dress(self) -> None:
        self._dressed = colours = theme.palette()
        self.setStyleSheet(_STYLE.format(**asdict(colours)))
        self.setIcon(icons.icon(self._icon, colours.text, colours.disabled))
