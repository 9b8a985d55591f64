"""Table S1: the patients with and without metastasis, in each cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aln_desk.domain.patient import Patient
from aln_desk.evaluation.tables.characteristics import Block, table
from aln_desk.evaluation.tables.table import Table


def table_s1(cohorts: Mapping[str, Sequence[Patient]]) -> Table:
    """Patients of known outcome by cohort (`Results.patients`); within each, p between the outcomes."""
    blocks = [
        Block(
            cohort,
            {
                "Negative": [patient for patient in patients if patient.outcome == 0],
                "Positive": [patient for patient in patients if patient.outcome == 1],
            },
        )
        for cohort, patients in cohorts.items()
    ]
    return table("table_s1", "Table S1", "Characteristics of the patients by node status", blocks, outcome=False)
