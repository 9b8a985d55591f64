"""The patients of the open project as a Qt model, filtered by the query box and sorted by any column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from aln_desk.domain.patient import View
from aln_desk.gui.outlined import Outlined
from aln_desk.gui.query import PatientRow, bears, matches, split
from aln_desk.gui.workspace import Workspace

COLUMNS = ("Patient", "Cohort", "Outcome", "Verdict", "Tumour", "Node", "Outlined", "Signed")
VERDICT_COLUMN = 3
ROW = Qt.ItemDataRole.UserRole
OUTCOME_WORDS = {None: "unknown", 0: "− negative", 1: "+ positive"}

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class PatientFilter(QAbstractTableModel):
    """One row for each patient that fits the query, sorted by a column; ``ROW`` gives a `PatientRow`.

    Order and choice stay as they are while results come in. ``verdictsRead``: those on disk are here, at a project's
    opening and at a reading's end, so that the query must be asked again.
    """

    verdictsRead = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._patients = workspace.patients
        self._query = ""
        self._column, self._descending = 0, False
        self._rows = list(range(len(self._patients)))
        """Places of the patients in the project's order."""
        self._outlined = Outlined(workspace, self)
        self._outlined.changed.connect(self._refresh)
        self._known = workspace.verdicts
        self._waits = not self._known
        workspace.projectChanged.connect(self._reset)
        workspace.patientsChanged.connect(self._reset)
        workspace.verdictsChanged.connect(self._refresh)
        workspace.patientEdited.connect(self._refresh)
        workspace.projectChanged.connect(self._await_verdicts)
        workspace.verdictsChanged.connect(self._take_verdicts)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == ROW:
            return self._row(self._rows[index.row()])
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _words(self._row(self._rows[index.row()]), index.column())
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By what a column says; the project's order where it says the same."""
        self._column, self._descending = max(0, column), order == Qt.SortOrder.DescendingOrder
        self._rearrange()

    def set_query(self, query: str) -> None:
        """Keep the rows that fit."""
        self._query = query
        self._rearrange()

    def patient_at(self, row: int) -> str:
        """Id of the patient in a visible row."""
        return self._patients[self._rows[row]].id

    def row_of(self, patient: str) -> int:
        """Visible row of a patient, -1 when the query hides it."""
        return next((row for row, place in enumerate(self._rows) if self._patients[place].id == patient), -1)

    def neighbour(self, patient: str, step: int) -> str | None:
        """The patient ``step`` visible rows on from another; the first visible one when that is hidden."""
        row = self.row_of(patient)
        wanted = row + step if row >= 0 else 0
        return self.patient_at(wanted) if 0 <= wanted < self.rowCount() else None

    def _row(self, place: int) -> PatientRow:
        """What is known of one patient now."""
        patient = self._patients[place]
        return PatientRow(
            patient,
            self._workspace.verdict(patient.id),
            self._outlined.count(patient),
            patient.id in self._workspace.signed,
        )

    def _found(self) -> list[int]:
        """Places of the patients who fit, in the order wanted. Names are looked at first: they cost the least."""
        names, others = split(self._query)
        places: Iterable[int] = (place for place, one in enumerate(self._patients) if bears(names, one))
        if others:
            places = (place for place in places if matches(others, self._row(place)))
        if self._column == 0:
            return sorted(places, reverse=self._descending)
        return sorted(places, key=lambda place: _sort_value(self._row(place), self._column), reverse=self._descending)

    def _rearrange(self) -> None:
        self.layoutAboutToBeChanged.emit()
        marked = self.persistentIndexList()
        places = [self._rows[index.row()] for index in marked]
        self._rows = self._found()
        row_of = {place: row for row, place in enumerate(self._rows)} if marked else {}
        moved = [self.index(row_of.get(place, -1), index.column()) for place, index in zip(places, marked, strict=True)]
        self.changePersistentIndexList(marked, moved)
        self.layoutChanged.emit()

    def _reset(self) -> None:
        self.beginResetModel()
        self._patients = self._workspace.patients
        self._rows = self._found()
        self.endResetModel()

    def _refresh(self) -> None:
        if rows := self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, len(COLUMNS) - 1))

    def _await_verdicts(self) -> None:
        self._waits = True

    def _take_verdicts(self) -> None:
        known, self._known = self._known, self._workspace.verdicts
        if known is not self._known and (self._query or (self._waits and self._known)):
            self._waits = False
            self.verdictsRead.emit()


def _words(row: PatientRow, column: int) -> str:
    patient, verdict = row.patient, row.verdict
    if column == VERDICT_COLUMN:
        return f"{verdict.decision} {verdict.score:.2f}" if verdict else "not read"
    total = len(patient.bag)
    outlined = f"… of {total}" if row.outlined is None else f"{row.outlined} of {total}"
    words = (
        patient.id,
        patient.cohort,
        OUTCOME_WORDS[patient.outcome],
        "",
        str(patient.count(View.TUMOUR)),
        str(patient.count(View.NODE)),
        outlined,
        "signed" if row.signed else "",
    )
    return words[column]


def _sort_value(row: PatientRow, column: int) -> Any:
    """What a column after the first sorts by."""
    patient = row.patient
    values = (
        patient.cohort.casefold(),
        -1 if patient.outcome is None else patient.outcome,
        row.verdict.score if row.verdict else -1.0,
        patient.count(View.TUMOUR),
        patient.count(View.NODE),
        (row.outlined or 0) / max(1, len(patient.bag)),
        int(row.signed),
    )
    return values[column - 1]
