"""One line below the image: what is proposed, with Accept and Refuse; or what is being waited for."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from aln_desk.gui.widgets.labels import button, label


class ProposalBar(QWidget):
    """``accepted`` and ``refused`` are asked for; hidden while there is nothing to say."""

    accepted = Signal()
    refused = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("proposalBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.words = label("")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.accept = button("Accept", "main", "Enter")
        self.refuse = button("Refuse", tip="Esc")
        for choice in (self.accept, self.refuse):
            choice.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the image
            policy = choice.sizePolicy()
            policy.setRetainSizeWhenHidden(True)  # the line is as high without them
            choice.setSizePolicy(policy)
        self.accept.clicked.connect(self.accepted)
        self.refuse.clicked.connect(self.refused)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 1, 8, 1)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        row.addWidget(self.accept)
        row.addWidget(self.refuse)
        self.hide()

    def offer(self, text: str) -> None:
        """Something is proposed."""
        self._say(text, True)

    def tell(self, text: str) -> None:
        """Something is waited for, or was not found; an empty text hides the line."""
        self._say(text, False)

    def _say(self, text: str, to_choose: bool) -> None:
        self.words.setText(text)
        self.words.setToolTip(text)
        for choice in (self.accept, self.refuse):
            choice.setVisible(to_choose)
        self.setVisible(bool(text))
