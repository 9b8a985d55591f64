"""One setting of a training: its words, its editor, what it does, and the way back to the preset's value."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from aln_desk.domain.recipe import Setting
from aln_desk.gui.widgets.labels import button, label
from aln_desk.gui.widgets.setting_editor import SettingEditor

CONTROL = 124
"""Width of an editor that stands beside its words."""


class SettingRow(QWidget):
    """``edited(key, text)`` with every change by the user, ``resetRequested(key)`` for the preset's value."""

    edited = Signal(str, str)
    resetRequested = Signal(str)

    def __init__(
        self, key: str, setting: Setting, editor: SettingEditor, wide: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.key = key
        self._searched = f"{key} {setting.words} {setting.help}".lower()
        self.editor = editor
        self.words = label(setting.words, wrap=True)
        self.help = label(setting.help if wide else _first_sentence(setting.help), "caption", wrap=True)
        self.error = label("", "error", wrap=True)
        self.reset = button("", "small")
        self.setToolTip(f"{setting.help}\n{key}")
        editor.control.setAccessibleName(setting.words)
        editor.control.setAccessibleDescription(setting.help)
        editor.changed.connect(lambda text: self.edited.emit(key, text))
        self.reset.clicked.connect(lambda: self.resetRequested.emit(key))
        self._lay_out(wide)

    def show_text(self, text: str, preset: str, changed: bool) -> None:
        """Hold a text; ``changed`` says that it is not the preset's, which is named then."""
        if self.editor.text != text:
            self.editor.show_text(text)
        self.words.setProperty("role", "changed" if changed else "")
        self.words.style().polish(self.words)
        self.reset.setText(f"Changed · back to {preset or 'empty'}")
        self.reset.setAccessibleName(f"{self.words.text()}: back to {preset or 'empty'}")
        self.reset.setVisible(changed)

    def show_error(self, sentence: str) -> None:
        """Say what is wrong with the text, or nothing."""
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))

    def answers(self, query: str) -> bool:
        """Whether the row has all of the query's words."""
        return all(word in self._searched for word in query.lower().split())

    def _lay_out(self, wide: bool) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        grid.addWidget(self.words, 0, 0, 1, 2 if wide else 1)
        if wide:
            grid.addWidget(self.editor, 1, 0, 1, 2)
        else:
            self.editor.setFixedWidth(CONTROL)
            grid.addWidget(self.editor, 0, 1)
        grid.addWidget(self.error, 2, 0, 1, 2)
        grid.addWidget(self.help, 3, 0, 1, 2)
        grid.addWidget(self.reset, 4, 0, 1, 2, Qt.AlignmentFlag.AlignLeft)
        self.error.hide()
        self.reset.hide()


def _first_sentence(text: str) -> str:
    return text if len(text) < 90 else text.partition(". ")[0].rstrip(".") + "."
