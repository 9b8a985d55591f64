"""Where the parts of the training form stand: a short page, a page of all settings, and the foot with the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from aln_desk.gui.actions import Actions
from aln_desk.gui.widgets.key_cap import KeyCap
from aln_desk.gui.widgets.labels import label, rule

if TYPE_CHECKING:
    from aln_desk.gui.pages.training_form import TrainingForm

_GAP = 12
_KEY = 66
"""Width of a key beside a button, so that buttons above each other end together."""


def lay_out(form: TrainingForm, actions: Actions) -> dict[str, QWidget]:
    """Place the form's widgets; give the parts that come and go: base, preset, device, download, stop."""
    parts = {
        "base": _part("On top of", form.base),
        "preset": _part("Preset", form.preset, form.description),
        "device": _part("Runs on", form.device),
        "download": _part("", form.download, form.licence),
        "stop": _row(form.stop, KeyCap(actions, "train.stop")),
    }
    stack = QStackedWidget()
    stack.addWidget(_short_page(form, parts))
    settings = _settings_page(form)
    stack.addWidget(settings)
    _connect(form, stack, settings)
    column = QVBoxLayout(form)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(stack, 1)
    column.addWidget(rule())
    column.addLayout(_foot(form, actions, parts))
    return parts


def _connect(form: TrainingForm, stack: QStackedWidget, settings: QWidget) -> None:
    def open_settings() -> None:
        stack.setCurrentIndex(1)
        form.settings.search.clear()
        form.settings.search.setFocus()

    def close_settings() -> None:
        stack.setCurrentIndex(0)
        form.open_settings.setFocus()

    form.open_settings.clicked.connect(open_settings)
    form.close_settings.clicked.connect(close_settings)
    escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), settings)
    escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    escape.activated.connect(close_settings)


def _short_page(form: TrainingForm, parts: dict[str, QWidget]) -> QWidget:
    content = QWidget()
    column = QVBoxLayout(content)
    column.setContentsMargins(12, 12, 12, 8)
    column.setSpacing(_GAP)
    column.addWidget(_part("Learn from", form.cohorts))
    column.addWidget(_part("Train", form.work, form.work_words))
    for name in ("base", "preset", "device"):
        column.addWidget(parts[name])
    column.addWidget(_part("Name of the new model", form.name))
    column.addWidget(form.open_settings)
    column.addStretch(1)
    area = QScrollArea(widgetResizable=True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area


def _settings_page(form: TrainingForm) -> QWidget:
    page = QWidget()
    head = QHBoxLayout()
    head.setContentsMargins(4, 8, 4, 0)
    head.addWidget(form.close_settings)
    head.addWidget(form.changed_words, 1, Qt.AlignmentFlag.AlignCenter)
    head.addWidget(form.reset)
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addLayout(head)
    column.addWidget(form.settings, 1)
    return page


def _foot(form: TrainingForm, actions: Actions, parts: dict[str, QWidget]) -> QVBoxLayout:
    foot = QVBoxLayout()
    foot.setContentsMargins(12, 8, 12, 12)
    foot.setSpacing(8)
    foot.addWidget(parts["download"])
    foot.addWidget(form.notice)
    foot.addWidget(_row(form.go, KeyCap(actions, "train.start")))
    foot.addWidget(parts["stop"])
    return foot


def _row(choice: QPushButton, key: KeyCap) -> QWidget:
    """A button and its key."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(choice, 1)
    row.addWidget(_column_of(key))
    return made


def _column_of(key: KeyCap) -> QWidget:
    """A key at the left of a place that is as wide as the one below it."""
    made = QWidget()
    made.setFixedWidth(_KEY)
    place = QHBoxLayout(made)
    place.setContentsMargins(0, 0, 0, 0)
    place.addWidget(key, 0, Qt.AlignmentFlag.AlignLeft)
    return made


def _part(title: str, *widgets: QWidget) -> QWidget:
    """Widgets that belong together, under their heading."""
    part = QWidget()
    column = QVBoxLayout(part)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    if title:
        column.addWidget(label(title, "heading"))
    for widget in widgets:
        column.addWidget(widget)
    return part
