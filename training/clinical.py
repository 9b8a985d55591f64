"""The clinical model: logistic regression on what is known before surgery, as the paper's comparator.

It looks at the variables `CANDIDATES`: age, clinical T stage and BI-RADS, those that the paper's clinical model could
know before surgery. Receptors, Ki-67 and invasion often come from the surgical specimen; whoever knows them from the
biopsy names them in `Choice.variables`. Which of them stay is decided by `stats.regression` on the fitted patients
alone; the held-out ones choose the threshold, as for every model, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from aln_desk import __version__
from aln_desk.domain.errors import BadProject, BadSetting
from aln_desk.domain.messages import Note
from aln_desk.domain.patient import Patient
from aln_desk.io import atomic, checkpoint
from aln_desk.io.project import Project
from aln_desk.models.verdict_rule import VerdictRule
from aln_desk.stats import regression
from aln_desk.stats.calibration import sigmoid
from aln_desk.stats.logistic import UNKNOWN, LogisticModel, level_key
from aln_desk.stats.regression import RegressionRow, RegressionTable
from aln_desk.stats.roc import auc
from training import provenance, shelf, tables, threshold
from training.data import Split
from training.pace import Emit
from training.record import RunFolder, now
from training.threshold import Judged

CANDIDATES = ("age", "t_stage", "birads")
ALL = "all"
TABLE_FILE = "regression.csv"

_COLUMNS = {"odds_ratio": "or"}
"""Columns of the table that are called otherwise than the field."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the regression looks at. ``variables``: names with commas or spaces between, ``all`` for every one that
    the table has, empty for `CANDIDATES`. ``level``: the p up to which a variable enters and stays; 1 keeps all.
    """

    variables: str = ""
    level: float = 0.05


DEFAULT_CHOICE = Choice()


def train(
    project: Project, run: RunFolder, split: Split, tell: Emit, name: str, choice: Choice = DEFAULT_CHOICE
) -> Path:
    """Fit the model, write ``regression.csv`` into the run's folder, and give the model's folder.

    The folder holds a manifest and no parameters: kind ``clinical``, the model under ``fusion``, its threshold.
    Raises `BadProject` where the project has no such variables, lacks an outcome, or no variable is chosen, and
    `BadSetting` for a variable that nobody has.
    """
    known = [p for p in split.fit if p.outcome is not None]
    names = candidates(known, choice.variables)
    table = analyse([p for p in known if _has_any(p, names)], names, run, tell, choice.level)
    fit, tune = judged(table.model, split.fit), judged(table.model, split.tune)
    limit, rule = threshold.choose(fit, tune)
    figures = {"auc": auc(tune.outcome, tune.score), "auc_fit": auc(fit.outcome, fit.score), "threshold": limit}
    run.change(data_digest=data_digest([*split.fit, *split.tune]))
    folder = shelf.staging(run)
    fields = {
        "kind": "clinical",
        **common_fields(project, run, name, rule, figures),
        **VerdictRule(limit, fusion=table.model).to_manifest(),
        "training": training_fields(project, run, split, table.model),
    }
    checkpoint.write_manifest(folder, fields)
    return shelf.shelve(project, run, folder, figures, tell)


def analyse(
    patients: Sequence[Patient], names: Sequence[str], run: RunFolder, tell: Emit, level: float
) -> RegressionTable:
    """The regression over patients of known outcome; its table is written into the run's folder.

    Raises `BadProject` where no variable is chosen, or an outcome is missing.
    """
    table = regression.regression([p.clinical for p in patients], [p.outcome or 0 for p in patients], names, level)
    write_table(run.folder / TABLE_FILE, table.rows)
    chosen = table.model.variables
    if not chosen:
        raise BadProject(
            f"None of {', '.join(names)} goes with the outcome of the {len(patients)} training patients "
            f"(p up to {level:g}). Name other variables (setting variables) or allow a larger p (setting enter)."
        )
    tell(Note(f"Clinical variables chosen: {', '.join(chosen)}; looked at: {', '.join(names)} ({TABLE_FILE})."))
    return table


def candidates(patients: Sequence[Patient], variables: str) -> list[str]:
    """The patients' variables that `Choice.variables` means; case, ``-`` and ``_`` make no difference.

    Raises `BadSetting` for a name that no patient has a value of, `BadProject` where there are none at all.
    """
    present = regression.variables_of([p.clinical for p in patients])
    if variables.strip().casefold() == ALL and present:
        return present
    by_letters = {_letters(name): name for name in present}
    asked = re.findall(r"[^\s,]+", variables)
    absent = [name for name in asked if _letters(name) not in by_letters]
    if absent and present:
        raise BadSetting(
            f"No training patient has a clinical variable '{absent[0]}'. Those that exist: {', '.join(present)}."
        )
    found = [by_letters[_letters(name)] for name in asked or CANDIDATES if _letters(name) in by_letters]
    if not found:
        raise BadProject(
            f"No training patient of known outcome has any of {', '.join(asked or CANDIDATES)}. "
            "Import a table with clinical variables, or name others."
        )
    return list(dict.fromkeys(found))


def judged(model: LogisticModel, patients: Sequence[Patient]) -> Judged:
    """Scores of the patients that the model would read: those with an outcome and at least one of its variables."""
    known = [p for p in patients if p.outcome is not None and model.knows(p.clinical)]
    logit = np.array([model.logit(p.clinical) for p in known], dtype=np.float64)
    return Judged(np.array([p.outcome for p in known], dtype=np.int64), sigmoid(logit))


def common_fields(
    project: Project, run: RunFolder, name: str, threshold_rule: str, figures: dict[str, float]
) -> dict[str, Any]:
    """What the manifest of every model made from clinical variables says of where it comes from."""
    return {
        "name": name or run.record.run,
        "threshold_rule": threshold_rule,
        "data_digest": run.record.data_digest,
        "created": now(),
        "simulated": project.simulated,
        "figures": {key: value for key, value in figures.items() if not math.isnan(value)},
        "code_version": __version__,
    }


def training_fields(project: Project, run: RunFolder, split: Split, model: LogisticModel) -> dict[str, Any]:
    """The manifest's record of the training."""
    record = run.record
    return {
        "preset": record.preset,
        "stages": record.stages,
        "recipe": record.recipe,
        "cohorts": record.cohorts,
        "patients_fit": len(split.fit),
        "patients_tune": len(split.tune),
        "sources": provenance.sources(project, [*split.fit, *split.tune]),
        "variables": list(model.variables),
    }


def data_digest(patients: Sequence[Patient]) -> str:
    """Names exactly these patients, outcomes and clinical variables, in 16 hex digits."""
    record = [[p.id, p.outcome, sorted(p.clinical.items())] for p in patients]
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()[:16]


def write_table(path: Path, rows: Sequence[RegressionRow]) -> None:
    """The regression's rows as CSV (UTF-8, commas), columns as the fields of `RegressionRow` with ``or`` for the odds
    ratio; what is not defined is an empty cell.
    """
    columns = [_COLUMNS.get(field.name, field.name) for field in fields(RegressionRow)]
    atomic.write_text(path, tables.to_csv(columns, map(astuple, rows)))


def _has_any(patient: Patient, names: Sequence[str]) -> bool:
    return any(level_key(patient.clinical.get(name, "")) != UNKNOWN for name in names)


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
