"""All images with what is outlined and what is still to do: the left pane of Annotate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QListView,
    QProgressBar,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from aln_desk.domain.patient import Patient
from aln_desk.domain.progress import WAITING, Status, next_image
from aln_desk.gui import icons, theme
from aln_desk.gui.findings import image_names
from aln_desk.gui.outlined import Outlined
from aln_desk.gui.suspected import Explaining, Suspected
from aln_desk.gui.usefulness import Looking, Usefulness, first_of
from aln_desk.gui.widgets.image_room import ImageRoom
from aln_desk.gui.widgets.image_state import WORDS
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.workspace import Workspace

_HEIGHT = 32
_ALL = "All cohorts"
_EVERY = "All images"
_USEFUL = "Most useful first"
_ERRORS = "Likely errors"
_SIGNS = {
    Status.DONE: ("done", theme.DRAWN),
    Status.NEEDS_REVIEW: ("flag", theme.POSITIVE),
    Status.REJECTED: ("delete", theme.UNCERTAIN),
}

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


_NOTHING = {None: "There are no images here.", Status.TO_DO: "Nothing is left to do here."}


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """One line: a patient's name (``instance`` empty) or one image, indented where it stands below its patient.

    ``word`` says why the image is listed, in place of its state, and ``why`` says it in sentences.
    """

    instance: str
    text: str
    indented: bool = False
    word: str = ""
    why: str = ""


class OutlineModel(QAbstractListModel):
    """Patients with several images get a line of their own above them; the display role gives the `OutlineRow`."""

    def __init__(self, outlined: Outlined, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.outlined = outlined
        self.rows: list[OutlineRow] = []
        self._row_of: dict[str, int] = {}

    def tell(self, rows: list[OutlineRow]) -> None:
        """Show these lines."""
        self.beginResetModel()
        self.rows = rows
        self._row_of = {row.instance: number for number, row in enumerate(rows) if row.instance}
        self.endResetModel()

    def row_of(self, instance: str) -> int:
        """The line of an image, -1 when it is not listed."""
        return self._row_of.get(instance, -1)

    def refresh(self) -> None:
        """The marks are other ones."""
        if self.rows:
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1))

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return row.why or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.text}, {self.state(row)}" if row.instance else row.text
        return None

    def state(self, row: OutlineRow) -> str:
        """How far the image is, in a word, or why it is listed; empty until that is known."""
        if row.word:
            return row.word
        status = self.outlined.status(row.instance)
        return status.value if status is not None else ""

    def flags(self, index: Index) -> Qt.ItemFlag:
        image = index.isValid() and bool(self.rows[index.row()].instance)
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable if image else Qt.ItemFlag.NoItemFlags


class OutlineDelegate(QStyledItemDelegate):
    """Name on the left, the state in a word and a sign on the right."""

    def __init__(self, model: OutlineModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: OutlineRow = index.data(Qt.ItemDataRole.UserRole)
        colours, rect = theme.palette(), QRectF(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(colours.selection))
            painter.fillRect(QRectF(rect.left(), rect.top(), 3, rect.height()), QColor(colours.accent))
        elif row.instance and option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(colours.raised))
        state = self._model.state(row)
        room = max(88, painter.fontMetrics().horizontalAdvance(state) + 28) if row.word else 88
        words = rect.adjusted(28 if row.indented else 14, 0, -room, 0)
        painter.setPen(QColor(colours.text if row.instance else colours.muted))
        name = painter.fontMetrics().elidedText(row.text, Qt.TextElideMode.ElideMiddle, int(words.width()))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name)
        if row.instance:
            self._paint_state(painter, rect.adjusted(0, 0, -14 if row.word else -32, 0), state)
        painter.restore()

    def _paint_state(self, painter: QPainter, place: QRectF, state: str) -> None:
        painter.setPen(QColor(theme.palette().muted))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, state)
        if state in _SIGNS:
            name, colour = _SIGNS[Status(state)]
            sign = icons.pixmap(name, colour, 16)
            painter.drawPixmap(int(place.right()) + 6, int(place.center().y()) - 8, sign)


class OutlineList(QWidget):
    """Choosing an image selects it in the workspace."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setMinimumWidth(250)
        self._workspace = workspace
        self._outlined = Outlined(workspace, self, keeps_index=True)
        self.useful = Usefulness(workspace, self)
        self.suspected = Suspected(workspace, self)
        self._seen: set[str] = set()
        """Images shown since the order was asked for: "next" leads on from them."""
        self.model = OutlineModel(self._outlined, self)
        self.cohort = QComboBox()
        self.cohort.setAccessibleName("Cohort")
        self.status = QComboBox()
        self.status.setAccessibleName("Status of the images listed")
        self.status.addItem(_EVERY, None)
        for status, words in WORDS.items():
            self.status.addItem(words, status)
        self.status.insertSeparator(self.status.count())
        self.status.addItem(_USEFUL, self.useful)
        self.status.addItem(_ERRORS, self.suspected)
        self.counts = label("", "caption")
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName("Images done")
        self.view = QListView(uniformItemSizes=True)
        self.view.setMouseTracking(True)
        self.view.setAccessibleName("Images")
        self.view.setModel(self.model)
        self.view.setItemDelegate(OutlineDelegate(self.model, self.view))
        self.empty = label("", "muted", wrap=True)
        self._lay_out()
        self._connect()
        self.reload()

    def reload(self) -> None:
        """List the images of the project anew."""
        cohorts = sorted({patient.cohort for patient in self._workspace.patients if patient.cohort})
        kept = self.cohort.currentText()
        self.cohort.blockSignals(True)
        self.cohort.clear()
        self.cohort.addItems([_ALL, *cohorts])
        self.cohort.setCurrentText(kept if kept in cohorts else _ALL)
        self.cohort.blockSignals(False)
        self.cohort.setVisible(len(cohorts) > 1)
        self.list_images()

    def list_images(self) -> None:
        """List what the cohort and the filter let through; the image on screen stays listed."""
        looking = self._looking
        rows = [row for patient in self._patients() for row in self._rows(patient)] if looking is None else self._listed
        if rows != self.model.rows:
            self.view.selectionModel().blockSignals(True)
            self.model.tell(rows)
            self.view.selectionModel().blockSignals(False)
        self._refresh()
        self.view.setAutoScroll(looking is None)  # an order worked out stays where it is looked at: at its top at first
        self.mark()
        self.view.setAutoScroll(True)

    def mark(self) -> None:
        """Mark the image on screen."""
        instance = self._workspace.instance
        row = self.model.row_of(instance.id) if instance is not None else -1
        if row < 0:
            self.view.selectionModel().clear()
        elif self.view.currentIndex().row() != row:
            self.view.setCurrentIndex(self.model.index(row))

    def next_to_do(self) -> None:
        """Show the next image that is to do or in progress, from the top again after the last."""
        if self._looking is not None:
            self._next_listed()
            return
        names = [one.id for patient in self._patients() for one in patient.bag]
        waiting = {name for name in names if self._outlined.status(name) in (None, *WAITING)}
        here = self._workspace.instance.id if self._workspace.instance else ""
        if (name := next_image(names, waiting, here)) is not None:
            self._workspace.select_instance(name)

    def explain_in(self, room: ImageRoom) -> None:
        """Let this room say what looks wrong about an image that was chosen among the likely errors."""
        Explaining(self.suspected, room)

    @property
    def _looking(self) -> Looking | None:
        """Whose order is shown; None where the images stand in the project's."""
        chosen = self.status.currentData()
        return chosen if isinstance(chosen, Looking) else None

    @property
    def _listed(self) -> list[OutlineRow]:
        """The rows of an order worked out, without the images that were rejected."""
        texts = {name: text for patient in self._patients() for name, text in _texts(patient).items()}
        reasons = self._looking.reasons if self._looking is not None else {}
        return [
            OutlineRow(name, texts[name], word=reason.word, why=reason.sentence)
            for name, reason in reasons.items()
            if name in texts and self._outlined.status(name) != Status.REJECTED
        ]

    def _next_listed(self) -> None:
        here = self._workspace.instance.id if self._workspace.instance else ""
        self._seen.add(here)
        if (name := first_of([row.instance for row in self.model.rows], self._seen, here)) is not None:
            self._workspace.select_instance(name)

    def _patients(self) -> list[Patient]:
        cohort = self.cohort.currentText()
        return [one for one in self._workspace.patients if cohort in ("", _ALL, one.cohort)]

    def _rows(self, patient: Patient) -> list[OutlineRow]:
        here = self._workspace.instance.id if self._workspace.instance else ""
        wanted = self.status.currentData()
        shown = [one for one in patient.bag if one.id == here or wanted in (None, self._outlined.status(one.id))]
        if len(patient.bag) == 1:
            return [OutlineRow(one.id, patient.id) for one in shown]
        names = image_names(patient)
        head = [OutlineRow("", patient.id)] if shown else []
        return head + [OutlineRow(one.id, names[one.id], indented=True) for one in shown]

    def _refresh(self) -> None:
        names = [one.id for patient in self._patients() for one in patient.bag]
        done = sum(bool(self._outlined.drawn(name)) for name in names)
        review = sum(self._outlined.status(name) == Status.NEEDS_REVIEW for name in names)
        working = self._looking.caption if self._looking is not None else ""
        self.counts.setText(working or f"{done} of {len(names)} done" + (f", {review} to review" if review else ""))
        self.empty.setText(self._nothing())
        self.empty.setVisible(bool(self.empty.text()) and not self.model.rows)
        self.progress.setRange(0, max(1, len(names)))
        self.progress.setValue(done)
        self.model.refresh()

    def _nothing(self) -> str:
        """What an empty list means."""
        if self._looking is None:
            return _NOTHING.get(self.status.currentData(), "No image has this status.")
        return self._looking.nothing if not self._looking.reasons else "None of them is listed here."

    def _choose_order(self) -> None:
        """Another choice: what nobody looks at any more is worked out no further."""
        self._seen.clear()
        for looking in (self.useful, self.suspected):
            if looking is not self._looking:
                looking.leave()
        if self._looking is not None:
            self._looking.begin()
        self.list_images()
        if self._looking is not None:
            self.view.scrollToTop()

    def _list_again(self, looking: Looking) -> None:
        if looking is self._looking:
            self.list_images()

    def _show_progress(self, looking: Looking) -> None:
        if looking is self._looking:
            if looking.caption:
                self.counts.setText(looking.caption)
            else:
                self._refresh()

    def _recount(self) -> None:
        if self.status.currentData() is not None:
            self.list_images()
        else:
            self._refresh()

    def _choose(self, current: QModelIndex) -> None:
        row = current.data(Qt.ItemDataRole.UserRole) if current.isValid() else None
        if row is not None and row.instance:
            self._workspace.select_instance(row.instance)

    def _connect(self) -> None:
        self.view.selectionModel().currentChanged.connect(self._choose)
        self._outlined.changed.connect(self._recount)
        self.status.currentIndexChanged.connect(self._choose_order)
        for looking in (self.useful, self.suspected):
            looking.changed.connect(partial(self._list_again, looking))
            looking.progressed.connect(partial(self._show_progress, looking))
        self.cohort.currentTextChanged.connect(self.list_images)
        self._workspace.projectChanged.connect(self.reload)
        self._workspace.patientsChanged.connect(self.reload)
        self._workspace.instanceSelected.connect(self._seen.add)
        self._workspace.instanceSelected.connect(self.mark)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(8)
        head = QVBoxLayout()
        head.setContentsMargins(14, 0, 14, 0)
        head.setSpacing(6)
        for widget in (self.counts, self.progress, self.cohort, self.status, self.empty):
            head.addWidget(widget)
        column.addLayout(head)
        column.addWidget(self.view, 1)


def _texts(patient: Patient) -> dict[str, str]:
    """What each image is called where it stands away from its patient, by instance id."""
    if len(patient.bag) == 1:
        return {patient.bag[0].id: patient.id}
    return {name: f"{patient.id} · {text}" for name, text in image_names(patient).items()}
