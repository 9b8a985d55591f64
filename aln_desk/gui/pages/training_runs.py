"""The left pane of Train: the runs of the project, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QMessageBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.errors import AlnError
from aln_desk.gui import theme
from aln_desk.gui.training_wish import kind_of
from aln_desk.gui.widgets.labels import button, label
from aln_desk.io import runs as run_files
from aln_desk.io.runs import Run
from aln_desk.io.runs_table import date_of, part_of

_RUN = Qt.ItemDataRole.UserRole
_ROW_HEIGHT = 52
_DELETION = (
    f"Curves and pictures go to runs/{run_files.TRASH} in the project, from where they are removed after "
    f"{run_files.TRASH_DAYS} days. Models stay where they are."
)
_NAME = "Name of the run; empty: after preset and date"
_SIGNS = {"running": "▶", "finished": "✓", "stopped": "■", "failed": "×", "interrupted": "!"}


class RunList(QWidget):
    """``runChosen`` carries the one chosen `Run`, ``runsChosen`` a list of two or more; ``changed`` when a run was
    renamed or deleted."""

    runChosen = Signal(object)
    runsChosen = Signal(object)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setAccessibleName("Runs")
        self.list.setItemDelegate(_RunRow(self.list))
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.itemSelectionChanged.connect(self._choose)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.empty = label("No training yet. Runs of this project are listed here.", "muted", wrap=True)
        self.error = label("", "error", wrap=True)
        self.more = button("More", "menu", "Compare, rename or delete runs")
        self.menu = QMenu(self.more)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.more.setMenu(self.menu)
        self._lay_out()

    def show_runs(self, runs: Sequence[Run], live: str, chosen: str) -> None:
        """List the runs; ``live`` names the one under way, ``chosen`` the one to mark (else the newest).

        Several that are marked stay so, where ``chosen`` is one of them.
        """
        marked = {run.name for run in self.all_chosen()}
        marked = marked if chosen in marked else {chosen}
        self.list.blockSignals(True)
        self.list.clear()
        for run in runs:
            self._add(run, state_of(run, live))
        rows = [row for row, run in enumerate(runs) if run.name in marked] or ([0] if runs else [])
        for row in rows:
            self.list.item(row).setSelected(True)
        if rows:
            current = next((row for row in rows if runs[row].name == chosen), rows[0])
            self.list.setCurrentRow(current, self.list.selectionModel().SelectionFlag.NoUpdate)
        self.list.blockSignals(False)
        self.error.hide()
        self.empty.setVisible(not runs)
        self.more.setVisible(bool(runs))

    def unmark(self) -> None:
        """Mark none: what is on screen is no run of the list."""
        self.list.blockSignals(True)
        self.list.clearSelection()
        self.list.blockSignals(False)

    def chosen(self) -> Run | None:
        """The marked run; of several the one marked last."""
        entry = self.list.currentItem()
        return entry.data(_RUN)[0] if entry else None

    def all_chosen(self) -> list[Run]:
        """All marked runs, newest first."""
        entries = (self.list.item(row) for row in range(self.list.count()))
        return [entry.data(_RUN)[0] for entry in entries if entry.isSelected()]

    def _add(self, run: Run, state: str) -> None:
        entry = QListWidgetItem(title_of(run))
        entry.setData(_RUN, (run, state))
        entry.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title_of(run)}, {state}")
        entry.setToolTip(run.name)
        self.list.addItem(entry)

    def _choose(self) -> None:
        found = self.all_chosen()
        if len(found) > 1:
            self.runsChosen.emit(found)
        elif found:
            self.runChosen.emit(found[0])

    def _open_menu(self, at: QPoint) -> None:
        self.menu.exec(self.list.viewport().mapToGlobal(at))

    def _fill_menu(self) -> None:
        self.menu.clear()
        found = self.all_chosen()
        idle = bool(found) and all(entry.data(_RUN)[1] != "running" for entry in self.list.selectedItems())
        self.menu.addAction("Compare all runs", self.list.selectAll).setEnabled(self.list.count() > 1)
        self.menu.addSeparator()
        self.menu.addAction("Rename…", self._rename).setEnabled(idle and len(found) == 1)
        self.menu.addAction("Delete…", self._delete).setEnabled(idle)

    def _rename(self) -> None:
        run = self.all_chosen()[0]
        text, ok = QInputDialog.getText(self, "Rename the run", _NAME, text=run.label or title_of(run))
        if ok:
            self._do(partial(run_files.rename, run, text))

    def _delete(self) -> None:
        found = self.all_chosen()
        if _is_sure(self, found):
            self._do(lambda: [run_files.discard(run) for run in found])

    def _do(self, change: Callable[[], object]) -> None:
        error = ""
        try:
            change()
        except AlnError as refused:
            error = str(refused)
        self.changed.emit()
        self.error.setText(error)
        self.error.setVisible(bool(error))

    def _lay_out(self) -> None:
        for words in (self.empty, self.error):
            words.setContentsMargins(12, 4, 12, 4)
        self.error.hide()
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 8, 4)
        head.addWidget(label("Runs", "heading"), 1)
        head.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.error)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)


def state_of(run: Run, live: str) -> str:
    """The run's state in one word; ``live`` names the one that this window watches."""
    return "running" if run.state == "running" and run.name == live else run_files.state_of(run)


def title_of(run: Run) -> str:
    """What a run is called: its label, else preset and date."""
    kind = kind_of(run.stages, run.preset)
    return run.label or " · ".join(text for text in (kind, date_of(run.started)) if text) or run.name


def _is_sure(parent: QWidget, runs: Sequence[Run]) -> bool:
    """Asks once, in words."""
    what = f"the run “{title_of(runs[0])}”" if len(runs) == 1 else f"{len(runs)} runs"
    box = QMessageBox(QMessageBox.Icon.Question, "Delete", f"Delete {what}?", parent=parent)
    box.setInformativeText(_DELETION)
    delete = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.exec()
    return box.clickedButton() is delete


class _RunRow(QStyledItemDelegate):
    """Two lines: title; state and what was reached."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, _ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours = theme.palette()
        run, state = index.data(_RUN)
        box: QRect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(colours.selection))
            painter.fillRect(QRect(box.left(), box.top(), 3, box.height()), QColor(colours.accent))
        inner = box.adjusted(14, 8, -12, -8)
        painter.setFont(theme.body_font())
        painter.setPen(QColor(colours.text))
        title = QFontMetrics(theme.body_font()).elidedText(index.data(), Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop, title)
        font = theme.body_font()
        font.setPixelSize(theme.CAPTION)
        painter.setFont(font)
        painter.setPen(QColor(colours.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignBottom, f"{_SIGNS[state]}  {_state_words(run, state)}")
        auc = run.figures.get("auc")
        if auc is not None:
            painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, f"AUC {auc:.3f}")
        painter.restore()


def _state_words(run: Run, state: str) -> str:
    """State and part; beside what a finished run reached there is room for one of them."""
    part = part_of(run)
    if state == "finished" and part:
        return part.capitalize()
    return " · ".join(text for text in (state.capitalize(), part) if text)
