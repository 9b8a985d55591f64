"""The patients of the open project as a Qt model, filtered by the query box and sorted by any column."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)

from aln_desk.domain.patient import View
from aln_desk.gui.outlined import Outlined
from aln_desk.gui.query import PatientRow, matches
from aln_desk.gui.workspace import Workspace

COLUMNS = ("Patient", "Cohort", "Outcome", "Verdict", "Tumour", "Node", "Outlined", "Signed")
VERDICT_COLUMN = 3
ROW = Qt.ItemDataRole.UserRole
SORT = Qt.ItemDataRole.UserRole + 1
OUTCOME_WORDS = {None: "unknown", 0: "− negative", 1: "+ positive"}

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class PatientModel(QAbstractTableModel):
    """One row a patient in the project's order. ``ROW`` gives a `PatientRow`, ``SORT`` what a column sorts by."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._outlined = Outlined(workspace, self)
        self._outlined.changed.connect(self._refresh)
        workspace.projectChanged.connect(self._reset)
        workspace.patientsChanged.connect(self._reset)
        workspace.verdictsChanged.connect(self._refresh)
        workspace.patientEdited.connect(self._refresh)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._workspace.patients)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.row(index.row())
        if role == ROW:
            return row
        if role == SORT:
            return _sort_value(row, index.row(), index.column())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _words(row, index.column())
        return None

    def row(self, number: int) -> PatientRow:
        """What is known of one patient now."""
        patient = self._workspace.patients[number]
        return PatientRow(
            patient,
            self._workspace.verdict(patient.id),
            self._outlined.count(patient),
            patient.id in self._workspace.signed,
        )

    def _reset(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _refresh(self) -> None:
        if rows := self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, len(COLUMNS) - 1))


class PatientFilter(QSortFilterProxyModel):
    """The rows that fit the query. Order and choice stay as they are while results come in.

    ``verdictsRead``: those on disk are here, at a project's opening and at a reading's end, so that the query must be
    asked again.
    """

    verdictsRead = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = PatientModel(workspace, self)
        self._query = ""
        self._workspace = workspace
        self._known = workspace.verdicts
        self._waits = not self._known
        self.setDynamicSortFilter(False)
        self.setSortRole(SORT)
        self.setSourceModel(self._model)
        workspace.projectChanged.connect(self._await_verdicts)
        workspace.verdictsChanged.connect(self._take_verdicts)

    def set_query(self, query: str) -> None:
        """Keep the rows that fit."""
        self._query = query
        self.invalidate()

    def patient_at(self, row: int) -> str:
        """Id of the patient in a visible row."""
        return str(self.index(row, 0).data(ROW).patient.id)

    def row_of(self, patient: str) -> int:
        """Visible row of a patient, -1 when the query hides it."""
        ids = (self.patient_at(row) for row in range(self.rowCount()))
        return next((row for row, name in enumerate(ids) if name == patient), -1)

    def neighbour(self, patient: str, step: int) -> str | None:
        """The patient ``step`` visible rows on from another; the first visible one when that is hidden."""
        row = self.row_of(patient)
        wanted = row + step if row >= 0 else 0
        return self.patient_at(wanted) if 0 <= wanted < self.rowCount() else None

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        return not self._query or matches(self._query, self._model.row(source_row))

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


def _sort_value(row: PatientRow, number: int, column: int) -> Any:
    patient = row.patient
    values = (
        number,
        patient.cohort.casefold(),
        -1 if patient.outcome is None else patient.outcome,
        row.verdict.score if row.verdict else -1.0,
        patient.count(View.TUMOUR),
        patient.count(View.NODE),
        (row.outlined or 0) / max(1, len(patient.bag)),
        int(row.signed),
    )
    return values[column]
