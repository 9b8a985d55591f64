"""A bar that says why outlines do not reach their file, or what was recovered, with what can be done about it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from aln_desk.domain.errors import AlnError
from aln_desk.gui.file_dialogs import choose_file_to_save
from aln_desk.gui.troubles import ACTIONS, NOTICES, Action, Kind, Trouble
from aln_desk.gui.workspace import Workspace

_WORDS: dict[Action, tuple[str, str]] = {
    "retry": ("Retry", "Try to save the outlines again"),
    "elsewhere": ("Save elsewhere…", "Save your outlines to another file and leave this one alone"),
    "reload": ("Reload", "Show the file's version; yours can be had back by undo"),
    "merge": ("Merge", "Keep your outlines and add those of the file that you have not"),
    "discard": ("Discard", "Go back to the file's version; redo brings the recovered edits back"),
    "take_over": ("Take over", "Edit the outlines here; the other window can then only show them"),
    "dismiss": ("Close", "Close this message"),
}
_OTHER_WORDS: dict[tuple[Kind, Action], tuple[str, str]] = {
    ("changed", "retry"): ("Keep mine", "Save your outlines; the other version becomes a step of the history"),
    ("gone", "retry"): ("Save again", "Make the file anew from your outlines"),
    ("gone", "reload"): ("Accept", "Leave the file away; your outlines can be had back by undo"),
    ("damaged", "retry"): ("Save mine", "Put the damaged file aside under another name and save your outlines"),
    ("reloaded", "discard"): ("Undo", "Go back to the outlines as you left them"),
}
_LABELME_FILES = "LabelMe annotations (*.json)"


class SaveTrouble(QWidget):
    """Shows the trouble of the image on screen, else that of the project, else that of any other image; hidden while
    there is none. Notices about other images wait until these are shown.

    It lies over the lower edge of a widget (`float_over`), moves nothing and never takes the focus.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("infoBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._workspace = workspace
        self._host: QWidget | None = None
        self.shown: Trouble | None = None
        self.buttons: dict[Action, QPushButton] = {}
        self._sign = QLabel()
        self._text = QLabel(wordWrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 4, 8, 4)
        self._row.setSpacing(8)
        self._row.addWidget(self._sign)
        self._row.addWidget(self._text, 1)
        workspace.troubles.changed.connect(self.refresh)
        workspace.instanceSelected.connect(self.refresh)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence on show; empty where there is none."""
        return self._text.text() if self.shown is not None else ""

    def float_over(self, host: QWidget) -> None:
        """Lie over the lower edge of ``host``, as wide as it is."""
        self._host = host
        self.setParent(host)
        host.installEventFilter(self)

    def refresh(self) -> None:
        """Show what needs attention most."""
        trouble = self._foremost()
        if trouble is self.shown:
            return
        self.shown = trouble
        if trouble is None:
            self.hide()
            return
        self._dress(trouble)
        self.show()
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the lower edge of what it lies over."""
        if watched is self._host and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _foremost(self) -> Trouble | None:
        troubles, instance = self._workspace.troubles, self._workspace.instance
        others = (one for one in troubles.all if one.kind not in NOTICES)
        here = troubles.of(instance.id) if instance is not None else None
        return here or troubles.of("") or next(others, None)

    def _dress(self, trouble: Trouble) -> None:
        notice = trouble.kind in NOTICES
        self.setProperty("kind", "info" if notice else "warning")
        self._sign.setText("i" if notice else "!")
        self._text.setText(trouble.sentence)
        self._text.setAccessibleName(trouble.sentence)
        for button in self.buttons.values():
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = {action: self._button(trouble.kind, action) for action in ACTIONS[trouble.kind]}
        for widget in (self, self._sign, self._text):
            self.style().unpolish(widget)
            self.style().polish(widget)

    def _button(self, kind: Kind, action: Action) -> QPushButton:
        word, meaning = _OTHER_WORDS.get((kind, action), _WORDS[action])
        button = QPushButton(word)
        button.setProperty("role", "quiet")
        button.setToolTip(meaning)
        button.setAccessibleDescription(meaning)
        button.clicked.connect(partial(self._answer, action))
        self._row.addWidget(button)
        button.show()  # at once: the bar may be on screen already
        return button

    def _answer(self, action: Action) -> None:
        trouble = self.shown
        if trouble is None:
            return
        path = self._ask_where(trouble) if action == "elsewhere" else None
        if action == "elsewhere" and path is None:
            return
        try:
            self._workspace.answer(trouble, action, path)
        except AlnError as error:
            self._text.setText(str(error))
            self._place()

    def _ask_where(self, trouble: Trouble) -> Path | None:
        name = Path(trouble.instance.annotation).name if trouble.instance is not None else ""
        return choose_file_to_save(self, "Save outlines elsewhere", name, _LABELME_FILES)

    def _place(self) -> None:
        if self._host is not None:
            width = self._host.width()
            height = self.heightForWidth(width)
            self.setGeometry(0, self._host.height() - height, width, height)
            self.raise_()
