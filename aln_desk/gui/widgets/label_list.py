"""The labels that the project offers: one button each, with its colour and its key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QWidget

from aln_desk.domain.labels import Label, label_of
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL
from aln_desk.gui import theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import button
from aln_desk.gui.widgets.marks import dot

_WORDS = {TUMOUR_LABEL: "Tumour", NODE_LABEL: "Lymph node"}
_LETTERS = {TUMOUR_LABEL: "label.tumour", NODE_LABEL: "label.node"}


class LabelList(QWidget):
    """``chosen(word)`` is asked for; `mark` shows which label the next shape has."""

    chosen = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._labels: tuple[Label, ...] = ()
        self._group = QButtonGroup(self, exclusive=True)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self.buttons: dict[str, QPushButton] = {}

    def tell(self, labels: Sequence[Label]) -> None:
        """Offer these labels."""
        if tuple(labels) == self._labels:
            return
        self._labels = tuple(labels)
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.buttons = {}
        for row, offered in enumerate(self._labels):
            self._add(row, offered)

    def mark(self, word: str) -> None:
        """Mark the label that this word means; none for a word that the project does not offer."""
        found = label_of(self._labels, word)
        self._group.setExclusive(False)
        for known, choice in self.buttons.items():
            choice.setChecked(found is not None and known == found.word)
        self._group.setExclusive(True)

    def word_of(self, key: int) -> str | None:
        """The label that this digit chooses."""
        return next((offered.word for offered in self._labels if offered.key == key), None)

    def set_possible(self, possible: bool) -> None:
        """Whether there is something to label."""
        for choice in self.buttons.values():
            choice.setEnabled(possible)

    def _add(self, row: int, offered: Label) -> None:
        choice = button(words_of(offered.word))
        choice.setCheckable(True)
        choice.setIcon(dot(theme.drawn_colour(offered.word)))
        choice.clicked.connect(partial(self.chosen.emit, offered.word))
        self._group.addButton(choice)
        self.buttons[offered.word] = choice
        self._grid.addWidget(choice, row, 0)
        keys = [f"label.{offered.key}"] if offered.key is not None else []
        keys += [_LETTERS[offered.word]] if offered.word in _LETTERS else []
        if keys:
            self._grid.addWidget(KeyCap(self._actions, *keys), row, 1)


def words_of(word: str) -> str:
    """A label as it is read: ``lymph_node`` as Lymph node."""
    plain = word.replace("_", " ").strip()
    return _WORDS.get(word, plain[:1].upper() + plain[1:])
