"""Pieces of clinical variables: the regression table and the nomogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Patient, Role
from aln_desk.evaluation.provenance import ModelRecord
from aln_desk.evaluation.study import Drawn, NothingToShow, Study
from aln_desk.evaluation.tables.table import Table
from aln_desk.evaluation.tables.table_s3 import table_s3
from aln_desk.stats import nomogram as nomograms
from aln_desk.stats import regression
from aln_desk.stats.logistic import LogisticModel, NumberTerm
from aln_desk.stats.nomogram import Nomogram

if TYPE_CHECKING:
    from aln_desk.stats.regression import RegressionTable

_BEFORE_SURGERY = ("age", "tstage", "birads")
"""What the paper's clinical model may look at, as names without their signs."""


def regression_table(study: Study) -> Table:
    """Table S3, of the patients whom models learn from. Raises `NothingToShow`."""
    found, where, level = _regression(study)
    return table_s3(found, where, level)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What Figure S3 shows; ``numbers`` names the variables that are numbers, ``legend`` says whose model it is."""

    nomogram: Nomogram
    numbers: tuple[str, ...]
    legend: str


def nomogram(study: Study) -> Drawn:
    """Figure S3. Raises `NothingToShow`."""
    from aln_desk.evaluation.figures.nomogram import nomogram_figure

    found = fitted(study)
    return Drawn(
        nomogram_figure(found.nomogram),
        "Nomogram of the clinical variables",
        f"{found.legend} Read the points above each value of a patient, add them up, and find the probability below "
        "their total.",
    )


def fitted(study: Study) -> Fitted:
    """The clinical model among the scorers, else the regression of Table S3. Raises `NothingToShow`."""
    record = next((one for one in study.records if one.kind == "clinical"), None)
    patients, where = _learners(study)
    model = _model_of(record) if record else _regression(study)[0].model
    found = nomograms.nomogram(model, [one.clinical for one in patients])
    if found.reason:
        raise NothingToShow(f"There is no nomogram: {found.reason}.")
    whose = f"the model {record.scorer.name}" if record else "the multivariate regression of Table S3"
    numbers = tuple(term.name for term in model.terms if isinstance(term, NumberTerm))
    return Fitted(found, numbers, f"Of {whose}; axes cover the patients of {where}.")


def _model_of(record: ModelRecord) -> LogisticModel:
    try:
        return LogisticModel.from_dict(record.manifest["fusion"])
    except (KeyError, TypeError, ValueError) as error:
        raise NothingToShow(f"The manifest of {record.scorer.name} does not hold its regression.") from error


def _regression(study: Study) -> tuple[RegressionTable, str, float]:
    """The regression on the patients that models learn from, whose they are, and up to which p variables stay."""
    patients, where = _learners(study)
    clinical = [one.clinical for one in patients]
    recipe = next((one.training.get("recipe") for one in study.records if one.kind == "clinical"), None) or {}
    level = float(recipe.get("enter", 0.05))
    variables = _variables(regression.variables_of(clinical), str(recipe.get("variables", "")))
    if not variables:
        raise NothingToShow(f"The patients of {where} have no clinical variables.")
    try:
        return regression.regression(clinical, [one.outcome or 0 for one in patients], variables, level), where, level
    except AlnError as error:
        raise NothingToShow(str(error)) from error


def _learners(study: Study) -> tuple[list[Patient], str]:
    """Patients of known outcome in the cohorts that models learn from, and the names of these."""
    roles = {cohort.name for cohort in study.all_cohorts if cohort.role in (Role.TRAIN, Role.TUNE)}
    patients = [one for one in study.patients if one.cohort in roles and one.outcome is not None]
    if not patients:
        raise NothingToShow("No patient of known outcome is in a cohort to learn from.")
    return patients, ", ".join(sorted({one.cohort for one in patients}))


def _variables(present: Sequence[str], asked: str) -> list[str]:
    """Of the variables that are there: those asked for by name, or those known before surgery, or all."""
    if asked.strip().casefold() == "all":
        return list(present)
    plain = {"".join(filter(str.isalnum, name.casefold())): name for name in present}
    wanted = ["".join(filter(str.isalnum, name.casefold())) for name in asked.replace(",", " ").split()]
    return [plain[name] for name in wanted or _BEFORE_SURGERY if name in plain] or list(present)
