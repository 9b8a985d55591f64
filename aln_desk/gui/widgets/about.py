"""What this program is, which version and model, and what it must not be used for."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from aln_desk import __version__
from aln_desk.gui.widgets.labels import button, label


class AboutDialog(QDialog):
    """Read and close."""

    def __init__(self, model: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About ALN Desk")
        self.setMinimumWidth(420)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(8)
        column.addWidget(label("ALN Desk", "title"))
        column.addWidget(label(f"Version {__version__}, model: {model}", "muted"))
        text = (
            "Axillary lymph node status from B-mode ultrasound: annotate, review, train and evaluate in one window."
            " Research use only. It is not a medical device, and no decision about a patient may rest on it."
        )
        column.addWidget(label(text, wrap=True))
        close = button("Close")
        close.clicked.connect(self.accept)
        column.addSpacing(8)
        column.addWidget(close)
