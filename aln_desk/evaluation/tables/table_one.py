"""Table 1: the patients of each cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aln_desk.domain.patient import Patient
from aln_desk.evaluation.tables.characteristics import Block, table
from aln_desk.evaluation.tables.table import Table


def table_one(cohorts: Mapping[str, Sequence[Patient]]) -> Table:
    """Patients of known outcome by cohort (`Results.patients`), in the order of the columns; p between the cohorts."""
    return table("table_1", "Table 1", "Characteristics of the patients by cohort", [Block("", cohorts)], outcome=True)
