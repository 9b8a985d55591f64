"""One widget for one setting: what it holds is text, as ``--set`` takes it, whatever the widget looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from aln_desk.domain.recipe import Setting
from aln_desk.gui import file_dialogs
from aln_desk.gui.widgets.labels import button

_LARGEST = 2**31 - 1


class SettingEditor(QWidget):
    """``changed`` comes with every change of the text by the user; `show_text` sends nothing."""

    changed = Signal(str)

    def __init__(self, control: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = control
        self.setFocusProxy(control)
        keep_from_wheel(control)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(control, 1)

    @property
    def text(self) -> str:
        """What the widget holds."""
        raise NotImplementedError

    def show_text(self, text: str) -> None:
        """Hold this text."""
        self.blockSignals(True)
        self._put(text)
        self.blockSignals(False)

    def _put(self, text: str) -> None:
        raise NotImplementedError

    def _tell(self) -> None:
        self.changed.emit(self.text)


class SwitchEditor(SettingEditor):
    """A check box: ``true`` or ``false``."""

    def __init__(self) -> None:
        self.box = QCheckBox()
        super().__init__(self.box)
        self.box.toggled.connect(self._tell)

    @property
    def text(self) -> str:
        return "true" if self.box.isChecked() else "false"

    def _put(self, text: str) -> None:
        self.box.setChecked(text.strip().lower() in ("true", "yes", "1"))


class ChoiceEditor(SettingEditor):
    """One of a few words; an ``open`` one takes any other word too."""

    def __init__(self, choices: Sequence[str], open: bool = False) -> None:
        self.box = QComboBox(editable=open)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.box.addItems(list(choices))
        super().__init__(self.box)
        self.box.currentTextChanged.connect(self._tell)

    @property
    def text(self) -> str:
        return self.box.currentText()

    def _put(self, text: str) -> None:
        self.box.setCurrentText(text)


class CountEditor(SettingEditor):
    """A whole number between the setting's limits."""

    def __init__(self, setting: Setting) -> None:
        self.box = QSpinBox()
        self.box.setRange(int(setting.low or 0), _LARGEST if setting.high is None else int(setting.high))
        self.box.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        self.box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        super().__init__(self.box)
        self.box.textChanged.connect(self._tell)

    @property
    def text(self) -> str:
        return self.box.text()

    def _put(self, text: str) -> None:
        if text.isascii() and text.isdecimal():
            self.box.setValue(min(int(text), _LARGEST))


class TextEditor(SettingEditor):
    """Words, or a number in any notation such as 1e-4."""

    def __init__(self, number: bool = False) -> None:
        self.line = QLineEdit()
        if number:
            self.line.setAlignment(Qt.AlignmentFlag.AlignRight)
        super().__init__(self.line)
        self.line.textChanged.connect(self._tell)

    @property
    def text(self) -> str:
        return self.line.text().strip()

    def _put(self, text: str) -> None:
        self.line.setText(text)


class FileEditor(TextEditor):
    """A word or a file's path, with a button that looks for the file."""

    def __init__(self, title: str, kinds: str) -> None:
        super().__init__()
        self._title, self._kinds = title, kinds
        self.choose = button("Choose file…")
        self.choose.clicked.connect(self._choose)
        layout = self.layout()
        if layout is not None:
            layout.addWidget(self.choose)

    def _choose(self) -> None:
        if (path := file_dialogs.choose_file(self, self._title, self._kinds)) is not None:
            self.line.setText(str(path))


class _Calm(QObject):
    """Swallows the wheel over a control without the focus, so that scrolling past it changes nothing."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def keep_from_wheel(control: QWidget) -> None:
    """Let the wheel scroll the page over this control unless it has the focus."""
    if isinstance(control, QComboBox | QAbstractSpinBox):
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        control.installEventFilter(_Calm(control))


def editor(setting: Setting, value: Any) -> SettingEditor:
    """The widget for a setting that holds values like this one."""
    if isinstance(value, bool):
        return SwitchEditor()
    if setting.choices:
        return ChoiceEditor([str(choice) for choice in setting.choices])
    return CountEditor(setting) if isinstance(value, int) else TextEditor(number=isinstance(value, float))


def text_of(value: Any) -> str:
    """A value as ``--set`` takes it and as people write it: 0.0001 stays, 6e-05 becomes 6e-5."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).replace("e-0", "e-") if isinstance(value, float) else str(value)
