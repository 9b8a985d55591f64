"""What a project offers an evaluation, what is shown first, and the record of looks at its test data."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from aln_desk.domain.errors import BadModel
from aln_desk.domain.look import Look
from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.provenance import findings_of
from aln_desk.evaluation.results import Results
from aln_desk.evaluation.selection import Selection
from aln_desk.io import checkpoint
from aln_desk.io.project import Project
from aln_desk.io.scores import read_scorers
from aln_desk.paths import embedded_model

Origin = Literal["command", "window", "export"]
TESTS = (Role.INTERNAL_TEST, Role.EXTERNAL_TEST)
ONE_LOOK = timedelta(hours=1)
"""For so long looking again at the same is the same look."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Everyone who scored the project's patients (the model in use first, then models, readers, imports), its
    cohorts and its patients. ``with_findings`` are the keys of the models whose findings on the images are kept.
    """

    scorers: tuple[Scorer, ...]
    cohorts: tuple[Cohort, ...]
    patients: tuple[Patient, ...]
    with_findings: frozenset[str]

    def cohorts_with_outcomes(self) -> list[Cohort]:
        """Cohorts with at least one patient of known outcome."""
        return self._cohorts_of(patient for patient in self.patients if patient.outcome is not None)

    def cohorts_with_figures(self) -> list[Cohort]:
        """Cohorts with at least one patient of known outcome whom somebody has scored."""
        scored = set().union(*(one.scores for one in self.scorers))
        return self._cohorts_of(p for p in self.patients if p.outcome is not None and p.id in scored)

    def selection(self) -> Selection:
        """What is shown first: models and imports on the test cohorts with figures; without those, on all that have
        some. Readers are added when asked for.
        """
        ready = self.cohorts_with_figures()
        tests = [cohort for cohort in ready if cohort.role in TESTS]
        shown = tuple(one.key for one in self.scorers if one.kind != "reader")
        return Selection(shown, tuple(cohort.name for cohort in tests or ready))

    def _cohorts_of(self, patients: Iterable[Patient]) -> list[Cohort]:
        names = {patient.cohort for patient in patients}
        return [cohort for cohort in self.cohorts if cohort.name in names]


def gather(project: Project) -> Gathered:
    """All that can be evaluated. Raises `BadFile` for a damaged table of scores."""
    in_use = digest_in_use(project)
    scorers = sorted(read_scorers(project), key=lambda one: one.key != in_use)
    models = (one.key for one in scorers if one.kind == "model")
    with_findings = frozenset(key for key in models if findings_of(project, key) is not None)
    return Gathered(tuple(scorers), tuple(project.cohorts()), tuple(project.patients()), with_findings)


def digest_in_use(project: Project) -> str:
    """Digest of the model that reads the project: the one adopted last, else the embedded one; empty without any."""
    history = project.adoptions()
    if history and history[-1].digest:
        return history[-1].digest
    with suppress(BadModel):
        return str(checkpoint.read_manifest(embedded_model()).get("digest", ""))
    return ""


def record(project: Project, results: Results, by: Origin) -> None:
    """Keep that the test cohorts among these results were looked at; see `new_looks`."""
    with project.adding_looks(new_looks(project, results, by)):
        pass


def new_looks(project: Project, results: Results, by: Origin) -> tuple[Look, ...]:
    """The looks, as of now, that showing these results is: one for each test cohort among them that shows a figure.

    The same scorers, rule, filters and patients looked at by the same origin within an hour are one look. An export
    writes down what the window shows: it is a look of its own only where the window has not shown the same before.
    """
    shown = [
        _look(results, cohort.name, by)
        for cohort in results.cohorts
        if cohort.role in TESTS and any(part.patients for part in results.of_cohort(cohort.name))
    ]
    now = datetime.now(UTC)
    return tuple(
        replace(look, looked_at=now.isoformat(timespec="seconds"))
        for look in shown
        if not any(_same(look, old, now) for old in project.looks(look.cohort))
    )


def _look(results: Results, cohort: str, by: Origin) -> Look:
    return Look(
        cohort,
        tuple(sorted(scorer.key for scorer in results.scorers)),
        results.selection.rule.text,
        tuple(sorted(one.text for one in results.selection.filters)),
        len(results.patients[cohort]),
        by,
    )


def _same(look: Look, old: Look, now: datetime) -> bool:
    if replace(old, looked_at="", origin=look.origin) != look:
        return False
    if "command" in (look.origin, old.origin):
        return look.origin == old.origin and _recent(old, now)
    return look.origin == "export" or _recent(old, now)


def _recent(look: Look, now: datetime) -> bool:
    return now - datetime.fromisoformat(look.looked_at) < ONE_LOOK
