"""What the pieces of a publication are made from, and the sentences that say why one cannot be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aln_desk.domain.look import Look
from aln_desk.domain.patient import Cohort, Patient
from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation import provenance
from aln_desk.evaluation.provenance import ModelRecord
from aln_desk.evaluation.results import Results
from aln_desk.evaluation.selection import BY_RULE, Choices
from aln_desk.io.project import Project

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class NothingToShow(Exception):
    """Why a piece cannot be made of this study, as a sentence for its readers."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A figure, with what its title says and what a reader must know to read it.

    ``rows`` are the patients shown one below the other: id, top and bottom as shares of the figure's height.
    """

    figure: Figure
    title: str
    legend: str
    rows: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """What everything is made from.

    What takes long asks ``should_stop`` and then raises `Stopped`. ``fresh`` looks are this study's own, which the
    project does not hold yet; ``everyone`` are its patients, where they need not be read again.
    """

    project: Project
    results: Results
    choices: Choices = BY_RULE
    should_stop: Callable[[], bool] = lambda: False
    fresh: tuple[Look, ...] = ()
    everyone: Sequence[Patient] | None = None

    def read(self) -> Study:
        """The same, once all that it takes from the project's database has been read; a copy of this process needs
        that, which cannot use the database too.
        """
        for name in ("patients", "all_cohorts", "looks", "records", "digests"):
            getattr(self, name)
        return self

    @cached_property
    def patients(self) -> tuple[Patient, ...]:
        """All patients of the project."""
        return tuple(self.project.patients() if self.everyone is None else self.everyone)

    @cached_property
    def records(self) -> tuple[ModelRecord, ...]:
        """What is known of each scorer, in the order of the results."""
        return provenance.records(self.project, self.results.scorers)

    @cached_property
    def all_cohorts(self) -> tuple[Cohort, ...]:
        """Of the project."""
        return tuple(self.project.cohorts())

    @cached_property
    def patients_of(self) -> Mapping[str, Sequence[Patient]]:
        """The project's patients by the name of their cohort; nobody for a cohort without any."""
        found = defaultdict[str, list[Patient]](list)
        for patient in self.patients:
            found[patient.cohort].append(patient)
        return found

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Digest of the patients of each cohort of the project, by its name; see `provenance.data_digest`."""
        return {cohort.name: provenance.data_digest(self.patients_of[cohort.name]) for cohort in self.all_cohorts}

    @cached_property
    def looks(self) -> tuple[Look, ...]:
        """At test data, the oldest first, this study's own last."""
        return (*self.project.looks(), *self.fresh)

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Of the results."""
        return self.results.cohorts

    @property
    def first(self) -> str:
        """Key of the first scorer, whom figures of one scorer show."""
        if not self.results.scorers:
            raise NothingToShow("Nobody has scored the patients.")
        return self.results.scorers[0].key

    @property
    def subgroups_of(self) -> Scorer:
        """Whose AUC stands in subgroups: the scorer chosen, else the first. Raises `NothingToShow` without any."""
        key = self.choices.subgroups_of or self.first
        return next(one for one in self.results.scorers if one.key == key)

    @property
    def with_findings(self) -> list[ModelRecord]:
        """The models whose findings on the images are kept."""
        return [one for one in self.records if one.findings is not None]


def with_cohorts(study: Study) -> Results:
    """The results, where there is a cohort and a scorer. Raises `NothingToShow`."""
    if not study.cohorts or not study.results.scorers:
        raise NothingToShow("No cohort with outcomes has been scored.")
    return study.results


def scored(study: Study) -> Results:
    """The results, where somebody has a score and an outcome. Raises `NothingToShow`."""
    results = with_cohorts(study)
    if not any(part.patients for part in results.parts.values()):
        raise NothingToShow("No patient has both an outcome and a score.")
    return results


def several(study: Study) -> Results:
    """The results of two scorers or more. Raises `NothingToShow`."""
    results = scored(study)
    if len(results.scorers) < 2:
        raise NothingToShow("There is one model only, so there is no pair to compare.")
    return results


def probabilities(study: Study) -> Results:
    """The results, where some scores are probabilities. Raises `NothingToShow`."""
    results = scored(study)
    if not any(scorer.probability for scorer in results.scorers):
        raise NothingToShow("No scores are meant as probabilities.")
    return results


def described(study: Study) -> Mapping[str, Sequence[Patient]]:
    """Patients of known outcome by cohort, where they have clinical variables. Raises `NothingToShow`."""
    patients = study.results.patients
    if not any(patients.values()):
        raise NothingToShow("No patient of known outcome is in the cohorts.")
    if not any(one.clinical for group in patients.values() for one in group):
        raise NothingToShow("The project holds no clinical variables.")
    return patients
