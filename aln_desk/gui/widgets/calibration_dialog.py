"""How long the line is that was drawn on the depth scale, and which images share the scale."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDoubleSpinBox,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.calibration import doubt, spacing_of
from aln_desk.domain.errors import AlnError
from aln_desk.domain.measures import Line, Spacing
from aln_desk.gui.widgets.labels import button, label


class CalibrationDialog(QDialog):
    """Accepted only with a length that makes sense; ``spacing`` and ``for_patient`` then say what was asked for."""

    def __init__(self, line: Line, height: int, others: int, parent: QWidget | None = None) -> None:
        """``height`` of the image in pixels; ``others``: how many more images of the patient have its size."""
        super().__init__(parent)
        self.setWindowTitle("Calibrate")
        self.setMinimumWidth(420)
        self._line, self._height = line, height
        self.length = QDoubleSpinBox(decimals=2, minimum=0.1, maximum=500.0, value=10.0, suffix=" mm")
        self.length.setAccessibleName("Length of the line")
        self.length.valueChanged.connect(lambda _: self._check())
        self.only_this = QRadioButton("This image")
        self.patient = QRadioButton(f"This image and {others} more of this patient that have its size")
        self.patient.setVisible(others > 0)
        (self.patient if others else self.only_this).setChecked(True)
        self._choice = QButtonGroup(self)
        for choice in (self.patient, self.only_this):
            self._choice.addButton(choice)
        self.told = label("", "muted", wrap=True)
        self.keep = button("Calibrate", "main")
        self.keep.setDefault(True)
        self._lay_out()
        self._check()
        self.length.selectAll()

    @property
    def spacing(self) -> Spacing:
        """The size of a pixel. Raises AlnError for a line too short to tell."""
        return spacing_of(self._line, self.length.value())

    @property
    def for_patient(self) -> bool:
        """Whether the patient's other images of this size are calibrated too."""
        return self.patient.isChecked()

    def _check(self) -> None:
        try:
            spacing = self.spacing
        except AlnError as error:
            self.told.setText(str(error))
            self.keep.setEnabled(False)
            return
        strange, depth = doubt(spacing, self._height), spacing.dy * self._height
        self.told.setText(strange or f"A pixel is then {spacing.dy:.4g} mm, the image {depth:.0f} mm deep.")
        self.keep.setEnabled(not strange)

    def _lay_out(self) -> None:
        cancel = button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.keep.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(label("How far apart are the two ends of the line?", wrap=True))
        column.addWidget(self.length)
        column.addWidget(self.told)
        column.addWidget(self.patient)
        column.addWidget(self.only_this)
        column.addLayout(buttons)
