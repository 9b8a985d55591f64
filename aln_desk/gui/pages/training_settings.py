"""All settings of a training, made from the recipe itself: searched, grouped, changed and taken back one by one."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from aln_desk.domain import recipe as recipes
from aln_desk.domain.presets import BACKBONES
from aln_desk.domain.recipe import Recipe, Setting
from aln_desk.gui.training_wish import differing, known_settings, problems
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.setting_editor import (
    ChoiceEditor,
    CountEditor,
    FileEditor,
    SettingEditor,
    editor,
    text_of,
)
from aln_desk.gui.widgets.setting_row import SettingRow

GROUPS = {"": "General", "mtl": "Stage 1", "mil": "Stage 2"}
_WIDE = frozenset({"backbone", "pretrained", "mil.kind"})
_TENSOR_FILES = "Published parameters (*.safetensors)"


class SettingList(QWidget):
    """``changed`` comes when the settings in force are others. Its rows are made when it is first shown."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recipe = Recipe()
        self._known: dict[str, Setting] = {}
        self._texts: dict[str, str] = {}
        self.rows: dict[str, SettingRow] = {}
        self._headings: dict[str, QLabel] = {}
        self.search = QLineEdit(placeholderText="Search settings", clearButtonEnabled=True)
        self.search.setAccessibleName("Search settings")
        self.search.textChanged.connect(self._filter)
        self.nothing = label("", "muted", wrap=True)
        self._above_box = QWidget()
        self._above = QVBoxLayout(self._above_box)
        self._above.setContentsMargins(0, 0, 0, 0)
        self._column = QVBoxLayout()
        self._lay_out()

    # What it says

    def settings(self) -> dict[str, str]:
        """What differs from the preset and is read by the work at hand, as text by key."""
        texts = {key: text for key, text in self._texts.items() if key in self._known}
        return differing(self._recipe, texts)

    def problems(self) -> dict[str, str]:
        """What is wrong with them: a sentence by key."""
        return problems(self._recipe, self.settings())

    def text(self, key: str) -> str:
        """What is in force at a key."""
        return self._texts.get(key, text_of(recipes.value(self._recipe, key)))

    def in_force(self, key: str) -> str:
        """As `text`, but empty where the work at hand does not read the setting."""
        return self.text(key) if key in self._known else ""

    def words(self, key: str) -> str:
        """A setting's name for people."""
        return recipes.settings(self._recipe)[key].words

    # What it is told

    def show_recipe(self, recipe: Recipe, stages: str) -> None:
        """Show the preset's recipe, under the changes made so far, for one of `training_wish.WORKS`."""
        self._recipe, self._known = recipe, known_settings(recipe, stages)
        self._show_rows()
        self._filter()
        self.changed.emit()

    def show_changes(self, texts: Mapping[str, str]) -> None:
        """Take these changes in place of those made so far; unknown keys are passed over."""
        known = recipes.settings(self._recipe)
        self._texts = {key: text for key, text in texts.items() if key in known}
        self._show_rows()
        self.changed.emit()

    def show_setting(self, key: str) -> None:
        """Bring a setting into view and put the focus on it."""
        self.search.clear()
        if key in self.rows:
            self._area.ensureWidgetVisible(self.rows[key])
            self.rows[key].editor.setFocus()

    def place_above(self, widget: QWidget) -> None:
        """Put a widget before the first group; it is away while a search is on."""
        self._above.addWidget(widget)

    def showEvent(self, event: QShowEvent) -> None:
        """Make the rows, once."""
        if not self.rows:
            self._make_rows()
            self._show_rows()
            self._filter()
        super().showEvent(event)

    # Rows

    def _edit(self, key: str, text: str) -> None:
        self._texts[key] = text
        self._texts = differing(self._recipe, self._texts)
        self._show_rows()
        self.changed.emit()

    def _reset(self, key: str) -> None:
        self._texts.pop(key, None)
        self._show_rows()
        self.rows[key].editor.setFocus()
        self.changed.emit()

    def _show_rows(self) -> None:
        changed, wrong = self.settings(), self.problems()
        for key, row in self.rows.items():
            row.show_text(self.text(key), text_of(recipes.value(self._recipe, key)), key in changed)
            row.show_error(wrong.get(key, ""))

    def _filter(self) -> None:
        query = self.search.text()
        self._above_box.setVisible(not query)
        shown = {key for key, row in self.rows.items() if key in self._known and row.answers(query)}
        for key, row in self.rows.items():
            row.setVisible(key in shown)
        for part, heading in self._headings.items():
            heading.setVisible(any(key.rpartition(".")[0] == part for key in shown))
        self.nothing.setText(f"No setting has the words “{query}”.")
        self.nothing.setVisible(bool(self.rows) and not shown)

    def _make_rows(self) -> None:
        for key, setting in recipes.settings(self._recipe).items():
            part = key.rpartition(".")[0]
            if part not in self._headings:
                self._headings[part] = label(GROUPS.get(part, part), "heading")
                self._headings[part].setContentsMargins(0, 12, 0, 4)
                self._column.addWidget(self._headings[part])
            made = _editor(key, setting, recipes.value(self._recipe, key))
            self.rows[key] = SettingRow(key, setting, made, key in _WIDE)
            self.rows[key].edited.connect(self._edit)
            self.rows[key].resetRequested.connect(self._reset)
            self._column.addWidget(self.rows[key])
        self._column.addStretch(1)

    def _lay_out(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(12, 0, 12, 12)
        column.setSpacing(0)
        self._column.setSpacing(0)
        column.addWidget(self._above_box)
        column.addWidget(self.nothing)
        column.addLayout(self._column, 1)
        self._area = QScrollArea(widgetResizable=True)
        self._area.setWidget(content)
        self.nothing.hide()
        search = QHBoxLayout()
        search.setContentsMargins(12, 0, 12, 0)
        search.addWidget(self.search)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addLayout(search)
        whole.addWidget(self._area, 1)


def _editor(key: str, setting: Setting, value: object) -> SettingEditor:
    if key == "backbone":
        return ChoiceEditor(BACKBONES, open=True)
    if key == "pretrained":
        return FileEditor("Choose published parameters", _TENSOR_FILES)
    made = editor(setting, value)
    if key == "size" and isinstance(made, CountEditor):
        made.box.setStepType(made.box.StepType.DefaultStepType)
        made.box.setSingleStep(32)
    return made
