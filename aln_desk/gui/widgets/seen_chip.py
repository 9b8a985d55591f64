"""Whether the model was trained on what is on screen, in two or three quiet words."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from aln_desk.domain.trained_on import Seen


class SeenChip(QLabel):
    """Hidden where nothing is known; what the model learned from stands out. ``what``: "this image", "this patient"."""

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._what = what
        self.setProperty("role", "seen")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.tell(Seen.UNKNOWN)

    def tell(self, seen: Seen) -> None:
        """Show it; the sentence is the tool tip."""
        self.setText(seen.words)
        self.setToolTip(seen.sentence(self._what))
        self.setAccessibleDescription(self.toolTip())
        self.setProperty("seen", seen.value)
        self.style().polish(self)
        self.setVisible(bool(seen.words))
